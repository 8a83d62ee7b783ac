#include "services/query/sink/last_batch.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "services/query/core/ordered_bytes.h"
#include "services/query/sink/store_layout.h"

namespace windrow::query {
namespace {

// The number, then a hash of it.
std::string Encode(int64_t batch) {
  const std::string number = EncodeNumber(batch);
  return number + EncodeNumber(static_cast<int64_t>(StableHash(number)));
}

}  // namespace

LastBatch::LastBatch(const std::string& directory) : path_(directory + "/LAST_BATCH") {}

void LastBatch::Write(int64_t batch) const {
  const int file = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  // In place and at once: it lies in one page.
  const std::string bytes = Encode(batch);
  const ssize_t written = pwrite(file, bytes.data(), bytes.size(), 0);
  static_cast<void>(written);
  close(file);
}

absl::optional<int64_t> LastBatch::Read() const {
  std::ifstream file(path_, std::ios::binary);
  std::ostringstream bytes;
  if (!file || !(bytes << file.rdbuf())) return absl::nullopt;
  const std::string text = bytes.str();
  int64_t batch = 0;
  if (!DecodeNumber(text.substr(0, text.size() / 2), &batch) || text != Encode(batch)) {
    return absl::nullopt;
  }
  return batch;
}

}  // namespace windrow::query
