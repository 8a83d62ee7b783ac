#ifndef BENCH_STORE_ROW_STREAM_H_
#define BENCH_STORE_ROW_STREAM_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace windrow::bench {

// A record of a results topic, as Kafka hands it over.
struct ResultRecordBytes {
  int partition = 0;
  int64_t offset = 0;
  std::string key;
  std::string value;
};

// The results of generated calls, as the shipped job writes them: two views of windows of ten
// minutes every five, one with 200 groups and a short row, one with 20 groups and a joined column.
// Rows come commit by commit: in each, per partition, by view, group, window, then the partition's
// progress.
class RowStream {
 public:
  struct Options {
    int partitions = 4;
    // Calls per minute of event time.
    double calls_per_minute = 1.4;
    int calls_per_commit = 30'000;
  };

  explicit RowStream(const Options& options);

  // The records of the next commit, ascending by partition and offset.
  std::vector<ResultRecordBytes> NextCommit();

 private:
  struct Row;

  void AddCall(std::vector<Row>* rows);
  ResultRecordBytes MakeRow(const Row& row, uint64_t accepted) const;
  ResultRecordBytes MakeProgress(int partition) const;

  const Options options_;
  std::mt19937_64 random_{1};
  int64_t calls_ = 0;
  int64_t time_us_;
  std::vector<int64_t> next_offsets_;
};

}  // namespace windrow::bench

#endif  // BENCH_STORE_ROW_STREAM_H_
