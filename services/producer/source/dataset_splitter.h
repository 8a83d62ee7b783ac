#ifndef SERVICES_PRODUCER_SOURCE_DATASET_SPLITTER_H_
#define SERVICES_PRODUCER_SOURCE_DATASET_SPLITTER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace windrow::producer {

// Splits a stream of bytes into the records of a dataset, byte for byte as they stand there. The
// stream is either one JSON array, whose elements are the records, or has one record per line; a
// byte order mark, blank lines, and blanks around elements are no part of records. What stands in
// the place of a record is one, whether it is an object, or JSON at all.
//
// Which of the two a stream is: an array when it begins with '[' followed by an object or by a line
// break; lines when it does not begin with '['. "[1]" may be either, and is a line when another
// line follows that cannot go on with the array.
//
//   while (more) {
//     splitter.Feed(chunk);              // or Finish() at the end of the stream
//     while (*(ok = splitter.Next(&record))) Use(record);
//   }
//
// Not thread-safe. Holds a record that lies across chunks, up to kMaxRecordBytes.
class DatasetSplitter {
 public:
  static constexpr size_t kMaxRecordBytes = 64 << 20;

  struct Record {
    // Valid until the next call of the splitter, and as long as the chunk.
    absl::string_view text;
    // Where its first byte stands in the stream.
    int64_t offset = 0;
  };

  // Gives the bytes that follow; they must live until Next has returned false.
  void Feed(absl::string_view chunk);

  // Says that nothing follows.
  void Finish() { finished_ = true; }

  // The next record; false when more bytes are needed or, after Finish, at the end.
  // INVALID_ARGUMENT, with the offset, when the stream ends inside a record or before the end of
  // its array, goes on after it, or holds a record above the limit.
  absl::StatusOr<bool> Next(Record* record);

 private:
  enum class Form { kUnknown, kArray, kAfterArray, kLines };

  // Finds the form from head_, if that can be told yet.
  void FindForm();
  Form FormOfBracket(size_t bracket) const;

  absl::StatusOr<bool> NextElement(Record* record);
  absl::StatusOr<bool> NextLine(Record* record);
  absl::StatusOr<bool> LastLine(Record* record);
  absl::Status CheckAfterArray();
  absl::Status EndInsideArray() const;

  // Moves position_ behind the string that it is in, or to the end of the input.
  void SkipString();
  // Whether this byte, outside of a string, ends an element; otherwise takes it into account.
  bool EndsElement(char c);
  // The bytes from begin to end of the input, with what was kept before them.
  absl::string_view Joined(size_t begin, size_t end);
  // Keeps the rest of the input, from begin on, until more is fed.
  absl::Status Keep(size_t begin);

  int64_t OffsetOf(size_t position) const { return input_offset_ + static_cast<int64_t>(position); }

  Form form_ = Form::kUnknown;
  bool finished_ = false;
  // What was fed while the form was unknown, from input_offset_ on; input_ then lies in it.
  std::string head_;
  absl::string_view input_;
  int64_t input_offset_ = 0;
  size_t position_ = 0;

  // Beginning of a record that ends in a later chunk.
  std::string kept_;
  // What Next returned last, when it was put together from two chunks.
  std::string joined_;

  // The element or line that is being read: where it begins in the stream (-1: there is none) and
  // in input_.
  int64_t record_offset_ = -1;
  size_t record_begin_ = 0;
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SOURCE_DATASET_SPLITTER_H_
