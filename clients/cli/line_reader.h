#ifndef CLIENTS_CLI_LINE_READER_H_
#define CLIENTS_CLI_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace windrow::cli {

// Reads lines from a descriptor without waiting for longer than it is told, so that a signal is
// heard while nobody types. Holds one line and at most 64 KiB more. One thread.
class LineReader {
 public:
  enum class Next { kLine, kNothingYet, kEnd };

  // Does not own the descriptor. A line longer than `longest` bytes is INVALID_ARGUMENT.
  explicit LineReader(int descriptor, size_t longest = 16 << 20)
      : descriptor_(descriptor), longest_(longest) {}

  // Gives the next line without its end ("\n" or "\r\n"); the last one need not have one.
  absl::StatusOr<Next> Read(absl::Duration timeout, std::string* line);

  // Number of the line given last, from 1.
  int64_t number() const { return number_; }

 private:
  const int descriptor_;
  const size_t longest_;
  std::string buffer_;
  // What of the buffer has been given, and looked at.
  size_t begin_ = 0;
  size_t looked_ = 0;
  bool at_end_ = false;
  int64_t number_ = 0;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_LINE_READER_H_
