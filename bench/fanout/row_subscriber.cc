#include "bench/fanout/row_subscriber.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace windrow::bench {
namespace {

std::unique_ptr<query::v1::QueryService::Stub> Connect(const RowSubscriber::Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options.stalls) {
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
  }
  return query::v1::QueryService::NewStub(
      grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(), arguments));
}

int RowNumber(const query::v1::Result& row) {
  const std::string& group = row.group(0).string_value();
  int number = 0;
  return absl::SimpleAtoi(absl::string_view(group).substr(group.rfind(' ') + 1), &number) ? number
                                                                                          : 0;
}

}  // namespace

RowSubscriber::RowSubscriber(const Options& options)
    : stalls_(options.stalls), on_changes_(options.on_changes), stub_(Connect(options)) {
  context_.set_wait_for_ready(true);
  request_.set_parent(options.view);
  stub_->async()->Subscribe(&context_, &request_, this);
  StartRead(&message_);
  // So that the call lasts although nobody reads: the destructor reads on.
  if (stalls_) AddHold();
  StartCall();
}

RowSubscriber::~RowSubscriber() {
  context_.TryCancel();
  if (stalls_) RemoveHold();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&done_));
}

bool RowSubscriber::confirmed() {
  absl::MutexLock lock(&mutex_);
  return confirmed_ && !done_;
}

bool RowSubscriber::ended(std::string* words) {
  absl::MutexLock lock(&mutex_);
  if (done_) *words = absl::StrCat(status_.error_code(), ": ", status_.error_message());
  return done_;
}

bool RowSubscriber::HasRow(int row, int rows, int64_t update) {
  absl::MutexLock lock(&mutex_);
  newest_.resize(std::max<size_t>(newest_.size(), rows), -1);
  return newest_[row] >= update;
}

int64_t RowSubscriber::messages() {
  absl::MutexLock lock(&mutex_);
  return messages_;
}

void RowSubscriber::OnReadDone(bool ok) {
  if (!ok) return;
  {
    absl::MutexLock lock(&mutex_);
    confirmed_ = true;
    ++messages_;
    for (const query::v1::Result& row : message_.changes().results()) {
      const size_t number = RowNumber(row);
      if (newest_.size() <= number) newest_.resize(number + 1, -1);
      newest_[number] = row.accepted();
    }
  }
  if (message_.has_changes()) on_changes_(message_.changes());
  if (!stalls_) StartRead(&message_);
}

void RowSubscriber::OnDone(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  status_ = status;
  done_ = true;
}

}  // namespace windrow::bench
