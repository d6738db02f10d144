"""The sides of the race as processes: starting, asking, ending them."""
import os
import pathlib
import select
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).parent
OPENBLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class Refusal(Exception):
    """A side said no, died, or did not answer in time."""


class Side:
    """A library: how its program is called."""

    def __init__(self, name, command, hint):
        self.name, self.command, self.hint = name, command, hint
        self.about = []  # the lines of its answer

    def look(self, run):
        """Asks what it is. Returns None, or why it cannot be raced, without its name."""
        missing = f"not installed, left out; {self.hint}"
        if not pathlib.Path(self.command[0]).exists():
            return missing
        done = subprocess.run([*self.command, "about"], stdout=subprocess.PIPE, text=True,
                              stderr=run.log(self.name), env=run.environment, check=False)
        self.about = done.stdout.splitlines()
        if done.returncode != 0 or not self.about or not self.about[0].startswith("ok "):
            return f"{missing} ({run.log_path(self.name)} says why)"
        self.about[0] = self.about[0][len("ok "):]
        return None


class Run:
    """What all processes of a run share: a folder for their files, the environment."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.alive = []
        self.environment = dict(os.environ, CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3",
                                TORCHINDUCTOR_CACHE_DIR=str((self.folder / "inductor").resolve()),
                                PYTHONDONTWRITEBYTECODE="1")
        self.set_kernels("own")

    def set_kernels(self, kernels):
        """own: what OpenBLAS picks itself; haswell: its AVX2 kernels."""
        for name in OPENBLAS:
            self.environment.pop(name, None)
        if kernels == "haswell":
            self.environment["OPENBLAS_CORETYPE"] = "Haswell"

    def log_path(self, name):
        return self.folder / f"{name}.log"

    def log(self, name):
        return open(self.log_path(name), "ab")

    def stop(self):
        """Ends every process that is left."""
        for process in list(self.alive):
            process.end()


class Process:
    """A side that answers questions, until it is ended."""

    def __init__(self, run, side, words=()):
        self.run, self.side, self.rest = run, side, b""
        with run.log(side.name) as log:
            self.child = subprocess.Popen([*side.command, "serve", *words], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=log, env=run.environment,
                                          start_new_session=True)
        run.alive.append(self)

    def ask(self, question, patience=600):
        """The words behind "ok", or Refusal."""
        deadline = time.monotonic() + patience
        try:
            self.child.stdin.write(question.encode() + b"\n")
            self.child.stdin.flush()
        except OSError:
            raise Refusal("its process ended") from None
        while b"\n" not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                self.end()
                raise Refusal(f"no answer in {patience} s")
            part = os.read(self.child.stdout.fileno(), 4096)
            if not part:
                self.end()
                raise Refusal("its process ended")
            self.rest += part
        line, self.rest = self.rest.split(b"\n", 1)
        word, _, answer = line.decode().partition(" ")
        if word != "ok":
            raise Refusal(answer)
        return answer.split()

    def take(self, work, setting):
        self.ask(f"take {work.network} {work.task} {work.batch} {' '.join(setting.take)}")

    def turn(self, seconds):
        """Pictures per second."""
        pictures, taken = self.ask(f"turn {seconds}")
        return float(pictures) / float(taken)

    def peak(self):
        """Bytes."""
        return 1024 * int(self.ask("peak")[0])

    def end(self):
        if self in self.run.alive:
            self.run.alive.remove(self)
            try:
                os.killpg(self.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.child.wait()
            self.child.stdin.close()
            self.child.stdout.close()


def first_step(run, side, network, words):
    """Seconds from the start of a process to its first finished training step."""
    with run.log(side.name) as log:
        begun = time.monotonic()
        child = subprocess.Popen([*side.command, "start", network, *words], stdout=subprocess.PIPE,
                                 stderr=log, env=run.environment, text=True)
        try:
            answer, _ = child.communicate(timeout=600)
        except BaseException:
            child.kill()
            child.wait()
            raise
    if not answer.startswith("ok "):
        raise Refusal(f"no first step of {network}; {run.log_path(side.name)} says why")
    return float(answer.split()[1]) - begun
