#include "services/platform/metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/time/time.h"
#include "services/platform/runtime/process_usage.h"
#include "services/platform/runtime/version.h"

namespace windrow::metrics {
namespace {

int CountEntries(const char* directory) {
  DIR* const open = opendir(directory);
  if (open == nullptr) return 0;
  int entries = 0;
  while (const dirent* entry = readdir(open)) entries += entry->d_name[0] != '.';
  closedir(open);
  return entries;
}

double VirtualBytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double StartSeconds() {
  struct stat status {};
  return stat("/proc/self", &status) == 0 ? static_cast<double>(status.st_ctime) : 0;
}

}  // namespace

void WriteProcessMetrics(absl::string_view service, MetricFamilies* out) {
  // Of the directory as it was first seen: the kernel may make it anew.
  static const double start_seconds = StartSeconds();
  out->AddCounter("process_cpu_seconds_total", "Processor time used.",
                  absl::ToDoubleSeconds(runtime::ProcessCpuTime()));
  out->AddGauge("process_resident_memory_bytes", "Resident memory.",
                static_cast<double>(runtime::ResidentBytes()));
  out->AddGauge("process_virtual_memory_bytes", "Virtual memory.", VirtualBytes());
  out->AddGauge("process_open_fds", "Open file descriptors.", CountEntries("/proc/self/fd"));
  out->AddGauge("process_threads", "Threads.", CountEntries("/proc/self/task"));
  out->AddGauge("process_start_time_seconds", "When the process started, since 1970.",
                start_seconds);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    out->AddGauge("process_max_fds", "Most file descriptors that may be open.",
                  static_cast<double>(files.rlim_cur));
  }
  out->AddGauge("windrow_build_info", "1, of the service and version that run.", 1,
                {{"service", std::string(service)}, {"version", runtime::kVersion}});
}

}  // namespace windrow::metrics
