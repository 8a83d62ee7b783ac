#include "clients/cli/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace windrow::cli {
namespace {

constexpr size_t kBlock = 64 << 10;

}  // namespace

absl::StatusOr<LineReader::Next> LineReader::Read(absl::Duration timeout, std::string* line) {
  while (true) {
    size_t end = buffer_.find('\n', looked_);
    const bool complete = end != std::string::npos;
    if (!complete) end = buffer_.size();
    if (end - begin_ > longest_) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number_ + 1, " is longer than ", longest_, " bytes"));
    }
    if (complete || (at_end_ && begin_ < buffer_.size())) {
      *line = buffer_.substr(begin_, end - begin_);
      if (!line->empty() && line->back() == '\r') line->pop_back();
      begin_ = looked_ = complete ? end + 1 : end;
      ++number_;
      return Next::kLine;
    }
    if (at_end_) return Next::kEnd;
    looked_ = buffer_.size();
    pollfd waited = {descriptor_, POLLIN, 0};
    if (poll(&waited, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) == 0) {
      return Next::kNothingYet;
    }
    buffer_.erase(0, begin_);
    looked_ -= begin_;
    begin_ = 0;
    const size_t size = buffer_.size();
    buffer_.resize(size + kBlock);
    const ssize_t count = read(descriptor_, buffer_.data() + size, kBlock);
    buffer_.resize(size + (count > 0 ? static_cast<size_t>(count) : 0));
    if (count == 0) at_end_ = true;
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      return absl::UnavailableError(absl::StrCat("cannot read: ", std::strerror(errno)));
    }
  }
}

}  // namespace windrow::cli
