#ifndef BENCH_STREAM_STREAM_RECORDS_H_
#define BENCH_STREAM_STREAM_RECORDS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::bench {

// Makes JSON records such as
//   {"time":"2018-12-31T00:00:00.000","group":"group-0000042","field_0":"a text of 24 letters"}
// in the order of their times. Groups come in an order of no pattern, all equally often. The same
// options give the same records. A value of one thread.
class StreamRecords {
 public:
  struct Options {
    int64_t groups = 200;
    // Of each record; fields are added until it has them. At least kLeastBytes.
    int64_t bytes = 410;
    // Of event time.
    int64_t events_per_second = 100;
  };
  static constexpr int64_t kLeastBytes = 64;

  explicit StreamRecords(const Options& options);

  // Valid until the next call.
  absl::string_view Next();

 private:
  const Options options_;
  const std::string padding_;
  int64_t next_ = 0;
  std::string record_;
};

}  // namespace windrow::bench

#endif  // BENCH_STREAM_STREAM_RECORDS_H_
