#ifndef SERVICES_PRODUCER_SOURCE_DATASET_READER_H_
#define SERVICES_PRODUCER_SOURCE_DATASET_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/producer/core/record_source.h"
#include "services/producer/core/replay_options.h"
#include "services/producer/source/dataset_splitter.h"
#include "services/producer/source/event_time_field.h"

namespace windrow::producer {

// Reads the records of a dataset file, in the order of the file or by event time.
//
// In the order of the file it streams, and its memory does not depend on the file. By event time it
// reads the file twice: first it keeps 24 bytes per record (time, offset, length) and sorts them,
// then it reads the records in that order, a few thousand at a time so that neighbours come with
// one read. Records of the same time stay in the order of the file; a record without a readable
// time takes over the time of the record before it, and those before the first time come first.
//
// Errors name the file: a changed file is found out and is an error. One thread at a time.
class DatasetReader : public RecordSource {
 public:
  // NOT_FOUND when there is no such file; INVALID_ARGUMENT when it is a directory, empty, packed or
  // cannot be read.
  static absl::StatusOr<std::unique_ptr<DatasetReader>> Open(const DatasetOptions& options,
                                                             Order order);
  ~DatasetReader() override;
  DatasetReader(const DatasetReader&) = delete;
  DatasetReader& operator=(const DatasetReader&) = delete;

  absl::Status Prepare(absl::FunctionRef<bool()> cancelled) override;
  absl::StatusOr<bool> Next(SourceRecord* record) override;
  int64_t records_total() const override { return records_total_; }

 private:
  // Where a record stands in the file, and its time: kNoTime before the first one.
  struct Entry {
    int64_t time_us;
    int64_t offset;
    uint32_t length;
  };
  static_assert(sizeof(Entry) == 24);

  DatasetReader(const DatasetOptions& options, Order order, int fd, int64_t size,
                int64_t changed_ns);

  // The next record of the file, read and split as needed.
  absl::StatusOr<bool> NextInFile(DatasetSplitter::Record* record);
  // Remembers `time` for the records that follow without one.
  int64_t TimeOf(absl::string_view text);

  // Reads the records of entries_ from next_entry_ on into batch_.
  absl::Status LoadBatch();
  // Number of entries from next_entry_ on that make a batch.
  size_t BatchSize() const;
  // Reads the spans that cover `order`, which is sorted by offset.
  absl::Status ReadSpans(const std::vector<size_t>& order);

  absl::Status ReadAt(int64_t offset, char* to, size_t length) const;
  absl::Status CheckUnchanged() const;
  absl::Status Error(const absl::Status& status) const;

  const std::string path_;
  const Order order_;
  const int fd_;
  const int64_t size_;
  const int64_t changed_ns_;
  EventTimeField event_time_;
  int64_t last_time_us_;
  int64_t records_total_ = 0;

  // First or only pass.
  DatasetSplitter splitter_;
  std::vector<char> chunk_;
  int64_t position_ = 0;
  bool finished_ = false;
  int64_t records_read_ = 0;

  // Second pass.
  std::vector<Entry> entries_;
  size_t next_entry_ = 0;
  size_t batch_begin_ = 0;
  std::vector<char> batch_;
  // Where in batch_ the records of the batch begin.
  std::vector<size_t> batch_positions_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SOURCE_DATASET_READER_H_
