// Prints, as lines of JSON, what it costs to apply generated results to a store of the query
// service: decoding and writing, with what RocksDB does in the background, without Kafka.

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/store/row_stream.h"
#include "services/query/core/result_change.h"
#include "services/query/sink/result_store.h"
#include "services/query/source/result_decoder.h"

ABSL_FLAG(std::string, directory, "", "where the store is put; made anew, and left there");
ABSL_FLAG(int64_t, rows, 2'000'000, "how many records of results are applied, at least");
ABSL_FLAG(int, batch, windrow::query::kMostChangesOfBatch, "records per batch");
ABSL_FLAG(double, calls_per_minute, 1.4, "of event time: the fewer, the more rows per call");
ABSL_FLAG(int, calls_per_commit, 30'000, "how many calls the results of one commit are of");
ABSL_FLAG(int64_t, report_rows, 500'000, "after so many records a line is printed");

namespace windrow::bench {
namespace {

constexpr int kPartitions = 4;

double CpuSeconds(int who) {
  rusage usage;
  getrusage(who, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// What was spent since it was made, between Begin and End.
class Costs {
 public:
  void Begin() {
    wall_began_ = absl::Now();
    thread_began_ = CpuSeconds(RUSAGE_THREAD);
  }
  void End() {
    wall_seconds_ += absl::ToDoubleSeconds(absl::Now() - wall_began_);
    thread_seconds_ += CpuSeconds(RUSAGE_THREAD) - thread_began_;
  }
  void Print(int64_t rows) const {
    // Other threads are all the store's.
    const double others = CpuSeconds(RUSAGE_SELF) - CpuSeconds(RUSAGE_THREAD);
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    absl::PrintF(R"({"rows":%d,"rows_per_second":%.0f,"cpu_us_per_row":%.2f,)"
                 R"("of_it_in_background":%.2f,"peak_rss_kb":%d})"
                 "\n",
                 rows, rows / wall_seconds_, (thread_seconds_ + others) / rows * 1e6,
                 others / rows * 1e6, usage.ru_maxrss);
    std::fflush(stdout);
  }

 private:
  absl::Time wall_began_;
  double thread_began_ = 0;
  double wall_seconds_ = 0;
  double thread_seconds_ = 0;
};

absl::Status ApplyRecords(const std::vector<ResultRecordBytes>& records, size_t begin, size_t end,
                          query::ResultStore* store, std::vector<int64_t>* next_offsets) {
  query::ChangeBatch batch;
  for (size_t i = begin; i < end; ++i) {
    const ResultRecordBytes& bytes = records[i];
    kafka::RecordView record;
    record.topic = "bench.results";
    record.partition = bytes.partition;
    record.offset = bytes.offset;
    record.has_key = true;
    record.key = bytes.key;
    record.has_value = true;
    record.value = bytes.value;
    const absl::Status decoded = query::DecodeResult(record, &batch);
    if (!decoded.ok()) return decoded;
    (*next_offsets)[bytes.partition] = bytes.offset + 1;
  }
  batch.next_offsets = *next_offsets;
  return store->Apply(batch);
}

absl::Status Run() {
  absl::StatusOr<std::unique_ptr<query::ResultStore>> store =
      query::ResultStore::Create("bench", absl::GetFlag(FLAGS_directory));
  if (!store.ok()) return store.status();
  absl::StatusOr<std::vector<int64_t>> next_offsets = (*store)->Open(kPartitions);
  if (!next_offsets.ok()) return next_offsets.status();
  RowStream stream(
      {kPartitions, absl::GetFlag(FLAGS_calls_per_minute), absl::GetFlag(FLAGS_calls_per_commit)});
  const size_t batch = std::max(1, absl::GetFlag(FLAGS_batch));
  const int64_t report = std::max<int64_t>(1, absl::GetFlag(FLAGS_report_rows));
  Costs costs;
  int64_t applied = 0;
  while (applied < absl::GetFlag(FLAGS_rows)) {
    const std::vector<ResultRecordBytes> records = stream.NextCommit();
    costs.Begin();
    for (size_t begin = 0; begin < records.size(); begin += batch) {
      const absl::Status status = ApplyRecords(
          records, begin, std::min(records.size(), begin + batch), store->get(), &*next_offsets);
      if (!status.ok()) return status;
    }
    costs.End();
    const int64_t before = applied;
    applied += static_cast<int64_t>(records.size());
    if (before / report != applied / report) costs.Print(applied);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Applies generated results to a store, without Kafka.");
  absl::ParseCommandLine(argc, argv);
  if (absl::GetFlag(FLAGS_directory).empty()) {
    std::fputs("store: --directory is missing\n", stderr);
    return 2;
  }
  const absl::Status status = windrow::bench::Run();
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "store: %s\n", status.ToString());
  return 1;
}
