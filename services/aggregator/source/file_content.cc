#include "services/aggregator/source/file_content.h"

#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace windrow::aggregator {

absl::StatusOr<std::string> ReadFileContent(const std::string& path, size_t most) {
  std::ifstream file(path, std::ios::binary);
  std::string content;
  char block[16384];
  while (content.size() <= most && (file.read(block, sizeof(block)) || file.gcount() > 0)) {
    content.append(block, file.gcount());
  }
  if (content.size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is longer than ", most, " bytes"));
  }
  // A folder can be opened, but not read to its end.
  if (!file.eof()) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path, ": does the file exist?"));
  }
  return content;
}

}  // namespace windrow::aggregator
