#include "tests/oracle/source_log.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace windrow::oracle {

absl::StatusOr<SourceLog> ReadSourceLog(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  size_t partitions = 0;
  if (!(file >> partitions)) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  SourceLog log(partitions);
  size_t partition = 0;
  while (file >> partition) {
    SourceRecord record;
    int64_t length = 0;
    file >> record.offset >> record.timestamp_ms >> length;
    file.get();
    record.value.resize(static_cast<size_t>(std::max<int64_t>(length, 0)));
    file.read(&record.value[0], static_cast<std::streamsize>(record.value.size()));
    if (!file || file.get() != '\n' || partition >= partitions) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is torn at offset ", record.offset, " of partition ", partition));
    }
    log[partition].push_back(std::move(record));
  }
  return log;
}

}  // namespace windrow::oracle
