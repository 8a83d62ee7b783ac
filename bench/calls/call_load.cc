#include "bench/calls/call_load.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"

namespace windrow::bench {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(20);

// What is measured of.
struct Period {
  absl::Time begin;
  absl::Time end;
};

// One call after the other. Its members are used by one thread at a time, gRPC's.
class Caller {
 public:
  Caller(const CallLoadOptions& options, const std::shared_ptr<grpc::Channel>& channel,
         Period period, std::atomic<size_t>* made, absl::BlockingCounter* running)
      : options_(options), stub_(channel), period_(period), made_(made), running_(running) {}

  void Call() {
    context_ = std::make_unique<grpc::ClientContext>();
    began_ = absl::Now();
    context_->set_deadline(absl::ToChronoTime(began_ + kDeadline));
    answer_.Clear();
    const grpc::ByteBuffer& request = options_.requests[(*made_)++ % options_.requests.size()];
    stub_.UnaryCall(context_.get(), options_.method, grpc::StubOptions(), &request, &answer_,
                    [this](grpc::Status status) { OnDone(std::move(status)); });
  }

  // After the last call.
  const grpc::Status& error() const { return error_; }
  void AddTo(CallLoadResult* result) {
    result->latencies.insert(result->latencies.end(), latencies_.begin(), latencies_.end());
    result->refused += refused_;
    if (!latencies_.empty()) result->response = response_;
  }

 private:
  void OnDone(grpc::Status status) {
    const absl::Time now = absl::Now();
    const bool refused = status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
    const bool counts = now >= period_.begin && now < period_.end;
    if (counts && status.ok()) {
      if (latencies_.empty()) response_ = answer_;
      latencies_.push_back(now - began_);
    }
    if (counts && refused) ++refused_;
    if (!status.ok() && !refused) error_ = std::move(status);
    if (error_.ok() && now < period_.end) {
      Call();
    } else {
      running_->DecrementCount();  // The last thing that it does.
    }
  }

  const CallLoadOptions& options_;
  grpc::GenericStub stub_;
  const Period period_;
  // Calls of all callers.
  std::atomic<size_t>* const made_;
  absl::BlockingCounter* const running_;
  std::unique_ptr<grpc::ClientContext> context_;
  absl::Time began_;
  grpc::ByteBuffer answer_;
  grpc::ByteBuffer response_;
  std::vector<absl::Duration> latencies_;
  int64_t refused_ = 0;
  grpc::Status error_;
};

absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> Connect(
    const CallLoadOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // A connection for each channel.
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.connections; ++i) {
    channels.push_back(
        grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments));
    if (!channels.back()->WaitForConnected(absl::ToChronoTime(absl::Now() + kDeadline))) {
      return absl::UnavailableError("nobody answers at " + options.target);
    }
  }
  return channels;
}

}  // namespace

absl::StatusOr<CallLoadResult> RunCallLoad(const CallLoadOptions& options) {
  const auto channels = Connect(options);
  if (!channels.ok()) return channels.status();
  Period period;
  period.begin = absl::Now() + options.warm_up;
  period.end = period.begin + options.duration;
  std::atomic<size_t> made{0};
  absl::BlockingCounter running(options.concurrency);
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < options.concurrency; ++i) {
    callers.push_back(std::make_unique<Caller>(
        options, (*channels)[static_cast<size_t>(i) % channels->size()], period, &made, &running));
  }
  for (const auto& caller : callers) caller->Call();
  running.Wait();
  CallLoadResult result;
  for (const auto& caller : callers) {
    if (!caller->error().ok()) {
      return absl::Status(static_cast<absl::StatusCode>(caller->error().error_code()),
                          caller->error().error_message());
    }
    caller->AddTo(&result);
  }
  std::sort(result.latencies.begin(), result.latencies.end());
  return result;
}

}  // namespace windrow::bench
