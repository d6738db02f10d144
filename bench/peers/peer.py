"""What every side of the race is asked, and how the sides in Python answer.

A side is a program. race.py starts it as

    SIDE about                   answers "ok NAME VERSION"
    SIDE start NETWORK WORDS...  one training step of 32 pictures, as soon as it can: answers
                                 "ok S" with the monotonic clock behind the step
    SIDE serve WORDS...          answers questions on standard input, one a line:

    take NETWORK TASK BATCH WORDS...   makes the network ready for the task: "ok", "no: REASON"
    turn SECONDS                       works for so long, after a fifth of it to warm up:
                                       "ok PICTURES SECONDS"
    peak                               the most memory of the process so far: "ok KILOBYTES"

NETWORK is conv2 or deep, TASK train or infer. WORDS are the side's settings; `threads=N` among them.
"""
import gc
import os
import sys
import time

TRAINING, INFERENCE, STARTING = 4096, 1024, 32  # rows in memory


def option(words, name, default=None):
    """The value of name=value among the words."""
    for word in words:
        if word.startswith(name + "="):
            return word[len(name) + 1:]
    return default


def work(step, seconds):
    """Calls step until the time is over. Returns pictures and seconds."""
    pictures, start = 0, time.perf_counter()
    while True:
        pictures += step()
        taken = time.perf_counter() - start
        if taken >= seconds:
            return pictures, taken


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


class Server:
    """Keeps the settings that were taken for the same work: taking them again costs nothing."""

    def __init__(self, choose, make):
        self.choose, self.make = choose, make
        self.taken, self.work, self.step = {}, None, None

    def take(self, words):
        if words[:3] != self.work:
            self.taken.clear()
        self.work, self.step = words[:3], None
        network, task, batch, *setting = words
        self.choose(setting)
        if words not in self.taken:
            step = self.make(network, task, int(batch), setting)
            work(step, 0)  # what compiles at the first calls compiles here
            work(step, 0.1)
            self.taken[words] = step
            gc.collect()
            gc.freeze()
        self.step = self.taken[words]
        return "ok"

    def turn(self, seconds):
        work(self.step, seconds / 5)
        return "ok %d %.9f" % work(self.step, seconds)

    def answer(self, question, words):
        if question == "take":
            return self.take(words)
        return self.turn(float(words[0])) if question == "turn" else f"ok {peak()}"


def main(about, prepare, choose, trainer, predictor):
    """about() names the library; prepare(words) readies the process; choose(words) makes what is
    the process's as the setting wants it; trainer(network, batch, rows, words) and predictor, alike,
    give a function that does a step and returns its pictures.
    """
    def make(network, task, batch, words):
        if task == "train":
            return trainer(network, batch, TRAINING, words)
        return predictor(network, batch, INFERENCE, words)

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print
    mode, words = sys.argv[1], sys.argv[2:]
    if mode == "about":
        print("ok", about(), file=answers)
    elif mode == "start":
        prepare(words[1:])
        choose(words[1:])
        trainer(words[0], STARTING, STARTING, words[1:])()
        print("ok %.9f" % time.monotonic(), file=answers)
    else:
        prepare(words)
        gc.disable()
        server = Server(choose, make)
        for line in sys.stdin:
            question, *words = line.split()
            try:
                print(server.answer(question, tuple(words)), file=answers)
            except Exception as error:  # a setting that this library or machine does not have
                text = str(error).strip() or type(error).__name__
                print("no:", text.splitlines()[0][:150], file=answers)
    answers.flush()
    os._exit(0)  # without the libraries' own endings
