/* How much processor time a container's limits allow. */
#ifndef NN__BASE_CGROUP_H
#define NN__BASE_CGROUP_H

/*
 * Processors that the quotas of this process's control groups add up to, rounded up, at least 1; 0
 * where there is no quota or none can be read. Version 2 (cpu.max) and version 1 (cpu.cfs_quota_us);
 * the group and all above it count, the smallest quota decides. root stands before the paths
 * (/proc/self/cgroup, /sys/fs/cgroup): "" outside of tests. Leaves the thread's message alone.
 */
int nn__cgroup_cpus(const char *root);

#endif
