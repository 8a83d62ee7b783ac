#include "services/producer/source/dataset_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace windrow::producer {
namespace {

constexpr int64_t kNoTime = INT64_MIN;
constexpr size_t kChunkBytes = 512 << 10;
constexpr size_t kBatchRecords = 4096;
constexpr size_t kBatchBytes = 4 << 20;
// Two records of a batch come with one read when no more than this lies between them.
constexpr int64_t kGapBytes = 4 << 10;
constexpr int64_t kRecordsBetweenChecks = 4096;

int64_t ChangedNs(const struct stat& info) {
  return info.st_mtim.tv_sec * int64_t{1'000'000'000} + info.st_mtim.tv_nsec;
}

absl::Status OpenError(const std::string& path, int error) {
  const std::string message = absl::StrCat("cannot open the dataset ", path, ": ", strerror(error));
  return error == ENOENT || error == ENOTDIR ? absl::NotFoundError(message)
                                             : absl::InvalidArgumentError(message);
}

// What the first bytes give away: formats that would otherwise pass as lines of garbage.
absl::string_view ForeignFormat(absl::string_view head) {
  if (head.substr(0, 2) == "\x1f\x8b") return "is packed by gzip: unpack it first";
  if (head.substr(0, 4) == "PK\x03\x04") return "is a zip archive: unpack it first";
  if (head.substr(0, 4) == "\x28\xb5\x2f\xfd") return "is packed by zstd: unpack it first";
  if (head.substr(0, 2) == "\xff\xfe" || head.substr(0, 2) == "\xfe\xff") {
    return "is UTF-16 text: convert it to UTF-8 first";
  }
  return "";
}

absl::Status CheckFile(const std::string& path, int fd, struct stat* info) {
  if (fstat(fd, info) != 0) return OpenError(path, errno);
  if (!S_ISREG(info->st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the dataset ", path, S_ISDIR(info->st_mode) ? " is a directory" : " is no regular file"));
  }
  if (info->st_size == 0) {
    return absl::InvalidArgumentError(absl::StrCat("the dataset ", path, " is empty"));
  }
  char head[4];
  const ssize_t got = pread(fd, head, sizeof(head), 0);
  if (got < 0) return OpenError(path, errno);
  const absl::string_view foreign = ForeignFormat({head, static_cast<size_t>(got)});
  if (foreign.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the dataset ", path, " ", foreign));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DatasetReader>> DatasetReader::Open(const DatasetOptions& options,
                                                                   Order order) {
  // Not blocking: a pipe without a writer would otherwise hold us here.
  const int fd = open(options.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return OpenError(options.path, errno);
  absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat info;
  if (absl::Status status = CheckFile(options.path, fd, &info); !status.ok()) return status;
  std::move(close_fd).Cancel();
  return std::unique_ptr<DatasetReader>(
      new DatasetReader(options, order, fd, info.st_size, ChangedNs(info)));
}

DatasetReader::DatasetReader(const DatasetOptions& options, Order order, int fd, int64_t size,
                             int64_t changed_ns)
    : path_(options.path),
      order_(order),
      fd_(fd),
      size_(size),
      changed_ns_(changed_ns),
      event_time_(options.event_time_field),
      last_time_us_(kNoTime),
      chunk_(kChunkBytes) {}

DatasetReader::~DatasetReader() { close(fd_); }

absl::Status DatasetReader::Prepare(absl::FunctionRef<bool()> cancelled) {
  if (order_ == Order::kFile) return absl::OkStatus();
  DatasetSplitter::Record record;
  while (true) {
    absl::StatusOr<bool> more = NextInFile(&record);
    if (!more.ok()) return more.status();
    if (!*more) break;
    entries_.push_back(
        {TimeOf(record.text), record.offset, static_cast<uint32_t>(record.text.size())});
    if (records_read_ % kRecordsBetweenChecks == 0 && cancelled()) {
      return absl::CancelledError("stopped while sorting");
    }
  }
  // Offsets are unique and rise with the order of the file.
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.time_us != b.time_us ? a.time_us < b.time_us : a.offset < b.offset;
  });
  records_total_ = records_read_;
  return absl::OkStatus();
}

absl::StatusOr<bool> DatasetReader::Next(SourceRecord* record) {
  if (order_ == Order::kFile) {
    DatasetSplitter::Record next;
    absl::StatusOr<bool> more = NextInFile(&next);
    if (!more.ok() || !*more) return more;
    record->value = next.text;
    const int64_t time_us = TimeOf(next.text);
    record->event_time_us = time_us == kNoTime ? std::nullopt : std::make_optional(time_us);
    return true;
  }
  if (next_entry_ == entries_.size()) return false;
  if (next_entry_ == batch_begin_ + batch_positions_.size()) {
    if (absl::Status status = LoadBatch(); !status.ok()) return status;
  }
  const Entry& entry = entries_[next_entry_];
  const size_t position = batch_positions_[next_entry_ - batch_begin_];
  record->value = absl::string_view(batch_.data() + position, entry.length);
  record->event_time_us =
      entry.time_us == kNoTime ? std::nullopt : std::make_optional(entry.time_us);
  ++next_entry_;
  return true;
}

int64_t DatasetReader::TimeOf(absl::string_view text) {
  last_time_us_ = event_time_.Read(text).value_or(last_time_us_);
  return last_time_us_;
}

absl::StatusOr<bool> DatasetReader::NextInFile(DatasetSplitter::Record* record) {
  while (true) {
    absl::StatusOr<bool> more = splitter_.Next(record);
    if (!more.ok()) return Error(more.status());
    if (*more) {
      ++records_read_;
      return true;
    }
    if (finished_) break;
    const size_t length = static_cast<size_t>(std::min<int64_t>(kChunkBytes, size_ - position_));
    if (absl::Status status = ReadAt(position_, chunk_.data(), length); !status.ok()) return status;
    position_ += static_cast<int64_t>(length);
    finished_ = position_ == size_;
    splitter_.Feed({chunk_.data(), length});
    if (finished_) splitter_.Finish();
  }
  if (records_read_ == 0) return Error(absl::InvalidArgumentError("it holds no records"));
  if (absl::Status status = CheckUnchanged(); !status.ok()) return status;
  records_total_ = records_read_;
  return false;
}

absl::Status DatasetReader::LoadBatch() {
  if (absl::Status status = CheckUnchanged(); !status.ok()) return status;
  std::vector<size_t> order(BatchSize());
  std::iota(order.begin(), order.end(), next_entry_);
  std::sort(order.begin(), order.end(),
            [this](size_t a, size_t b) { return entries_[a].offset < entries_[b].offset; });
  batch_begin_ = next_entry_;
  batch_positions_.resize(order.size());
  return ReadSpans(order);
}

size_t DatasetReader::BatchSize() const {
  const size_t most = std::min(kBatchRecords, entries_.size() - next_entry_);
  size_t count = 0;
  size_t bytes = 0;
  while (count < most && bytes < kBatchBytes) bytes += entries_[next_entry_ + count++].length;
  return count;
}

absl::Status DatasetReader::ReadSpans(const std::vector<size_t>& order) {
  batch_.clear();
  for (size_t first = 0; first < order.size();) {
    const int64_t begin = entries_[order[first]].offset;
    int64_t end = begin;
    size_t last = first;
    for (; last < order.size() && entries_[order[last]].offset - end <= kGapBytes; ++last) {
      const Entry& entry = entries_[order[last]];
      batch_positions_[order[last] - batch_begin_] =
          batch_.size() + static_cast<size_t>(entry.offset - begin);
      end = entry.offset + entry.length;
    }
    const size_t position = batch_.size();
    batch_.resize(position + static_cast<size_t>(end - begin));
    absl::Status status = ReadAt(begin, batch_.data() + position, batch_.size() - position);
    if (!status.ok()) return status;
    first = last;
  }
  return absl::OkStatus();
}

absl::Status DatasetReader::ReadAt(int64_t offset, char* to, size_t length) const {
  while (length > 0) {
    const ssize_t got = pread(fd_, to, length, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error(absl::InternalError(absl::StrCat("cannot read: ", strerror(errno))));
    if (got == 0) return Error(absl::FailedPreconditionError("it became shorter while being read"));
    offset += got;
    to += got;
    length -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::Status DatasetReader::CheckUnchanged() const {
  struct stat info;
  if (fstat(fd_, &info) != 0) {
    return Error(absl::InternalError(absl::StrCat("cannot read: ", strerror(errno))));
  }
  if (info.st_size == size_ && ChangedNs(info) == changed_ns_) return absl::OkStatus();
  return Error(absl::FailedPreconditionError("it was changed while being read"));
}

absl::Status DatasetReader::Error(const absl::Status& status) const {
  return absl::Status(status.code(), absl::StrCat(path_, ": ", status.message()));
}

}  // namespace windrow::producer
