// Prints, as one line of JSON, how many calls a second a server answers: gRPC's hello world, or the
// first rows of one window of the query service.

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <cstdio>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_format.h"
#include "bench/calls/call_load.h"
#include "hello.pb.h"
#include "windrow/query/v1/query_service.pb.h"

ABSL_FLAG(std::string, target, "127.0.0.1:50051", "server, HOST:PORT");
ABSL_FLAG(std::string, view, "",
          "view of the query service whose first rows by count are listed; empty: hello world");
ABSL_FLAG(absl::Time, window, absl::UnixEpoch(), "start of the window to list");
ABSL_FLAG(int, rows, 10, "rows to list; the window must have as many");
ABSL_FLAG(bool, distinct, false,
          "whether each call says it in other words, so that no answer of before fits it");
ABSL_FLAG(int, concurrency, 16, "calls under way at a time");
ABSL_FLAG(int, connections, 2, "connections that they share");
ABSL_FLAG(absl::Duration, warm_up, absl::Seconds(1), "for how long not to measure yet");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(5), "for how long to measure");

namespace windrow::bench {
namespace {

namespace query = windrow::query::v1;

// More than a server would keep answers of.
constexpr int kManyWords = 100'000;

grpc::ByteBuffer Serialize(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// In the words of this number: any end before the next window begins means the same rows.
query::ListResultsRequest TopOfWindow(int words) {
  const absl::Time start = absl::GetFlag(FLAGS_window);
  query::ListResultsRequest request;
  request.set_parent(absl::GetFlag(FLAGS_view));
  request.mutable_start_time()->set_seconds(absl::ToUnixSeconds(start));
  request.mutable_end_time()->set_seconds(absl::ToUnixSeconds(start) + 1);
  request.mutable_end_time()->set_nanos(1000 * words);
  request.set_order_by("count desc");
  request.set_page_size(absl::GetFlag(FLAGS_rows));
  return request;
}

bool HasAllRows(grpc::ByteBuffer bytes) {
  query::ListResultsResponse response;
  grpc::ProtoBufferReader reader(&bytes);
  return response.ParseFromZeroCopyStream(&reader) &&
         response.results_size() == absl::GetFlag(FLAGS_rows);
}

absl::Status Measure() {
  CallLoadOptions options;
  options.target = absl::GetFlag(FLAGS_target);
  options.concurrency = absl::GetFlag(FLAGS_concurrency);
  options.connections = absl::GetFlag(FLAGS_connections);
  options.warm_up = absl::GetFlag(FLAGS_warm_up);
  options.duration = absl::GetFlag(FLAGS_duration);
  const bool hello = absl::GetFlag(FLAGS_view).empty();
  if (hello) {
    HelloRequest request;
    request.set_name("world");
    options.method = "/windrow.bench.Greeter/SayHello";
    options.requests.push_back(Serialize(request));
  } else {
    options.method = "/windrow.query.v1.QueryService/ListResults";
    const int words = absl::GetFlag(FLAGS_distinct) ? kManyWords : 1;
    for (int i = 0; i < words; ++i) options.requests.push_back(Serialize(TopOfWindow(i)));
  }
  const absl::StatusOr<CallLoadResult> result = RunCallLoad(options);
  if (!result.ok()) return result.status();
  if (result->latencies.empty()) return absl::UnavailableError("no call was answered");
  if (!hello && !HasAllRows(result->response)) {
    return absl::FailedPreconditionError("the window has fewer rows than were asked for");
  }
  const std::vector<absl::Duration>& latencies = result->latencies;
  const auto ms = [&latencies](double share) {
    return absl::ToDoubleMilliseconds(
        latencies[static_cast<size_t>(share * (latencies.size() - 1))]);
  };
  absl::PrintF(R"({"calls_per_second":%.0f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"bytes":%d})"
               "\n",
               latencies.size() / absl::ToDoubleSeconds(options.duration), ms(0.5), ms(0.99),
               result->refused, result->response.Length());
  return absl::OkStatus();
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Measures how many calls a second a server answers.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = windrow::bench::Measure();
  if (!status.ok()) {
    absl::FPrintF(stderr, "calls: %s\n", status.ToString());
    return 1;
  }
  return 0;
}
