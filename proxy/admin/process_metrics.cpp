#include "proxy/admin/process_metrics.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>

namespace shardway::proxy::admin {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The second number of /proc/self/statm, proc(5): resident pages.
std::optional<double> resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  if (!(statm >> size >> resident)) return std::nullopt;
  return as_double(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Not counted: `.`, `..` and the descriptor that reads the directory.
std::optional<double> open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (!directory) return std::nullopt;
  int entries = 0;
  while (readdir(directory.get()) != nullptr) ++entries;
  return entries - 3;
}

}  // namespace

void dump_process(MetricWriter& out) {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    out.counter("process_cpu_seconds_total", "User and system processor time spent", {},
                seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  if (const auto bytes = resident_bytes()) {
    out.gauge("process_resident_memory_bytes", "Resident memory", {}, *bytes);
  }
  if (const auto count = open_descriptors()) out.gauge("process_open_fds", "Open file descriptors", {}, *count);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.gauge("process_max_fds", "Most file descriptors the process may open", {}, as_double(limit.rlim_cur));
  }
}

}  // namespace shardway::proxy::admin
