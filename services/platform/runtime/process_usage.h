#ifndef SERVICES_PLATFORM_RUNTIME_PROCESS_USAGE_H_
#define SERVICES_PLATFORM_RUNTIME_PROCESS_USAGE_H_

#include <cstdint>

#include "absl/time/time.h"

namespace windrow::runtime {

// What this process uses, as the kernel accounts for it. Thread-safe.

// Resident memory.
int64_t ResidentBytes();
// Processor time of all threads since the process started.
absl::Duration ProcessCpuTime();
// Processor time of the calling thread.
absl::Duration ThreadCpuTime();

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_PROCESS_USAGE_H_
