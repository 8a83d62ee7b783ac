// Prints, as one line of JSON, how fast a bare loop reads and counts a topic.

#include <sys/resource.h>

#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_format.h"
#include "bench/limit/bare_loop.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka broker, HOST:PORT");
ABSL_FLAG(std::string, topic, "calls", "topic to read");
ABSL_FLAG(int, threads, 1, "number of threads, each with a consumer");
ABSL_FLAG(int64_t, queued_kbytes, 65536, "memory for records fetched ahead, per thread");

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Reads a topic to its end: consume, parse two fields, count.");
  absl::ParseCommandLine(argc, argv);
  const absl::StatusOr<windrow::bench::BareLoopResult> result = windrow::bench::RunBareLoop(
      {absl::GetFlag(FLAGS_kafka), absl::GetFlag(FLAGS_topic), absl::GetFlag(FLAGS_threads),
       absl::GetFlag(FLAGS_queued_kbytes)});
  if (!result.ok()) {
    absl::FPrintF(stderr, "limit: %s\n", result.status().message());
    return 1;
  }
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double cpu_seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
                             (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  absl::PrintF(R"({"records":%d,"refused":%d,"cells":%d,"seconds":%.3f,"cpu_seconds":%.3f,)"
               R"("peak_rss_kb":%d})"
               "\n",
               result->records, result->refused, result->cells, result->seconds, cpu_seconds,
               usage.ru_maxrss);
  return 0;
}
