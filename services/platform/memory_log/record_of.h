#ifndef SERVICES_PLATFORM_MEMORY_LOG_RECORD_OF_H_
#define SERVICES_PLATFORM_MEMORY_LOG_RECORD_OF_H_

#include <cstdint>

#include "services/platform/memory_log/partition_log.h"
#include "services/platform/record_log/record.h"

namespace windrow::memory_log {

// A stored record, which must outlive it, as readers see it.
inline record_log::Record RecordOf(const StoredRecord& stored, int partition, int64_t offset) {
  record_log::Record record;
  record.partition = partition;
  record.offset = offset;
  record.timestamp_ms = stored.timestamp_ms;
  record.has_key = stored.has_key;
  record.has_value = stored.has_value;
  record.key = stored.key;
  record.value = stored.value;
  record.origin = &stored;
  record.read_headers = [](const void* origin) {
    return static_cast<const StoredRecord*>(origin)->headers;
  };
  return record;
}

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_RECORD_OF_H_
