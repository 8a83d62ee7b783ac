#include "services/producer/source/producer_service.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/string_view.h"

namespace windrow::producer {
namespace {

// Answers with what it was told to, and remembers what it was asked.
class FakeControl : public ReplayControl {
 public:
  absl::StatusOr<ReplayStatus> Start(const ReplayOptions& options) override {
    status.options = options;
    return Answer("start");
  }
  absl::StatusOr<ReplayStatus> Pause(const CommandOptions& options) override {
    return Answer("pause", options);
  }
  absl::StatusOr<ReplayStatus> Resume(const CommandOptions& options) override {
    return Answer("resume", options);
  }
  absl::StatusOr<ReplayStatus> Stop(absl::Duration timeout,
                                    const CommandOptions& options) override {
    stop_timeout = timeout;
    return Answer("stop", options);
  }
  absl::StatusOr<ReplayStatus> UpdatePace(const Pace& pace,
                                          const CommandOptions& options) override {
    status.options.pace = pace;
    return Answer("pace", options);
  }
  ReplayStatus Get() override { return status; }

  ReplayStatus status;
  absl::Status error;
  std::string asked;
  CommandOptions asked_with;
  absl::Duration stop_timeout;

 private:
  absl::StatusOr<ReplayStatus> Answer(const char* what, const CommandOptions& options = {}) {
    asked += what;
    asked_with = options;
    if (!error.ok()) return error;
    return status;
  }
};

class ProducerServiceTest : public testing::Test {
 protected:
  ProducerServiceTest() {
    control_.status.state = ReplayState::kRunning;
    control_.status.start_time = absl::FromUnixSeconds(1'700'000'000);
  }

  // Whether the details of the error hold this text: field paths and reasons stand in them as they
  // are.
  static bool Says(const grpc::Status& status, absl::string_view text) {
    return status.error_details().find(std::string(text)) != std::string::npos;
  }

  FakeControl control_;
  ProducerService service_{&control_, "own-topic"};
  grpc::ServerContext context_;
};

TEST_F(ProducerServiceTest, StartFillsInTheDefaults) {
  v1::StartReplayRequest request;
  v1::StartReplayResponse response;
  request.mutable_spec()->mutable_generator()->set_records(10);
  ASSERT_TRUE(service_.StartReplay(&context_, &request, &response).ok());
  const v1::ReplaySpec& spec = response.replay().spec();
  EXPECT_EQ(spec.topic(), "own-topic");
  EXPECT_EQ(spec.order(), v1::ReplaySpec::ORDER_EVENT_TIME);
  EXPECT_EQ(spec.generator().records(), 10);
  EXPECT_EQ(spec.generator().events_per_minute(), 60);
  EXPECT_EQ(spec.generator().start_time().seconds(), 1543622400);
  EXPECT_EQ(spec.pace().limit_case(), v1::Pace::LIMIT_NOT_SET);
  EXPECT_EQ(response.replay().state(), v1::Replay::STATE_RUNNING);
  EXPECT_EQ(response.replay().start_time().seconds(), 1'700'000'000);
  EXPECT_FALSE(response.replay().has_end_time());
  EXPECT_FALSE(response.replay().has_event_time());
}

TEST_F(ProducerServiceTest, StartPassesEverythingOn) {
  v1::StartReplayRequest request;
  v1::StartReplayResponse response;
  v1::ReplaySpec& spec = *request.mutable_spec();
  spec.set_topic("t");
  spec.mutable_dataset()->set_path("/data/calls.json");
  spec.mutable_dataset()->set_event_time_field("at");
  spec.set_order(v1::ReplaySpec::ORDER_FILE);
  spec.mutable_pace()->set_speedup(3600);
  ASSERT_TRUE(service_.StartReplay(&context_, &request, &response).ok());
  EXPECT_EQ(response.replay().spec().SerializeAsString(), spec.SerializeAsString());
}

TEST_F(ProducerServiceTest, StartNamesEachWrongField) {
  v1::StartReplayRequest request;
  v1::StartReplayResponse response;
  v1::ReplaySpec& spec = *request.mutable_spec();
  spec.set_topic("no topic");
  spec.set_order(static_cast<v1::ReplaySpec::Order>(9));
  spec.mutable_pace()->set_records_per_second(-1);
  spec.mutable_generator()->set_late_fraction(2);
  spec.mutable_generator()->mutable_start_time()->set_nanos(5);
  const grpc::Status status = service_.StartReplay(&context_, &request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  for (const char* field :
       {"spec.topic", "spec.order", "spec.pace.records_per_second", "spec.generator.records",
        "spec.generator.late_fraction", "spec.generator.start_time", "INVALID_FIELD"}) {
    EXPECT_TRUE(Says(status, field)) << field;
  }
  EXPECT_EQ(control_.asked, "");
}

TEST_F(ProducerServiceTest, StartNeedsASource) {
  v1::StartReplayRequest request;
  v1::StartReplayResponse response;
  const grpc::Status status = service_.StartReplay(&context_, &request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Says(status, "spec.source"));
}

TEST_F(ProducerServiceTest, ErrorsCarryReasonAndDomain) {
  v1::PauseReplayRequest request;
  v1::PauseReplayResponse response;
  control_.error =
      ReplayError(absl::StatusCode::kFailedPrecondition, "REPLAY_NOT_RUNNING", "none is running");
  const grpc::Status status = service_.PauseReplay(&context_, &request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "none is running");
  EXPECT_TRUE(Says(status, "REPLAY_NOT_RUNNING"));
  EXPECT_TRUE(Says(status, "producer.windrow"));
}

TEST_F(ProducerServiceTest, AnUnreadableDatasetIsAWrongField) {
  v1::StartReplayRequest request;
  v1::StartReplayResponse response;
  request.mutable_spec()->mutable_dataset()->set_path("/tmp");
  control_.error =
      ReplayError(absl::StatusCode::kInvalidArgument, "DATASET_UNREADABLE", "/tmp is a directory");
  const grpc::Status status = service_.StartReplay(&context_, &request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Says(status, "spec.dataset.path"));
  EXPECT_TRUE(Says(status, "DATASET_UNREADABLE"));
}

TEST_F(ProducerServiceTest, CommandsGoToTheReplay) {
  v1::ResumeReplayResponse resumed;
  v1::StopReplayResponse stopped;
  v1::UpdatePaceResponse updated;
  v1::ResumeReplayRequest resume;
  v1::StopReplayRequest stop;
  v1::UpdatePaceRequest update;
  EXPECT_TRUE(service_.ResumeReplay(&context_, &resume, &resumed).ok());
  EXPECT_TRUE(service_.StopReplay(&context_, &stop, &stopped).ok());
  update.mutable_pace()->set_records_per_second(5);
  EXPECT_TRUE(service_.UpdatePace(&context_, &update, &updated).ok());
  EXPECT_EQ(control_.asked, "resumestoppace");
  EXPECT_EQ(updated.replay().spec().pace().records_per_second(), 5);
  EXPECT_EQ(control_.stop_timeout, absl::Seconds(30));
  update.mutable_pace()->set_speedup(0);
  const grpc::Status status = service_.UpdatePace(&context_, &update, &updated);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Says(status, "pace.speedup"));
}

TEST_F(ProducerServiceTest, ARepeatedRequestIsCarriedOutOnce) {
  v1::PauseReplayRequest request;
  v1::PauseReplayResponse response;
  request.set_request_id("a");
  control_.error = ReplayError(absl::StatusCode::kFailedPrecondition, "REPLAY_NOT_RUNNING", "no");
  EXPECT_FALSE(service_.PauseReplay(&context_, &request, &response).ok());
  control_.error = absl::OkStatus();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(service_.PauseReplay(&context_, &request, &response).ok());
    EXPECT_EQ(response.replay().state(), v1::Replay::STATE_RUNNING);
  }
  EXPECT_EQ(control_.asked, "pausepause") << "what failed may be tried again, what was done not";
  request.set_request_id("b");
  EXPECT_TRUE(service_.PauseReplay(&context_, &request, &response).ok());
  request.clear_request_id();
  EXPECT_TRUE(service_.PauseReplay(&context_, &request, &response).ok());
  EXPECT_TRUE(service_.PauseReplay(&context_, &request, &response).ok());
  EXPECT_EQ(control_.asked, "pausepausepausepausepause");
}

TEST_F(ProducerServiceTest, AnIdIsOfOneRequest) {
  v1::UpdatePaceRequest request;
  v1::UpdatePaceResponse response;
  request.set_request_id("a");
  request.mutable_pace()->set_speedup(2);
  ASSERT_TRUE(service_.UpdatePace(&context_, &request, &response).ok());
  ASSERT_TRUE(service_.UpdatePace(&context_, &request, &response).ok());
  request.mutable_pace()->set_speedup(3);
  grpc::Status status = service_.UpdatePace(&context_, &request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Says(status, "request_id"));
  EXPECT_TRUE(Says(status, "INVALID_FIELD"));
  v1::PauseReplayRequest pause;
  v1::PauseReplayResponse paused;
  pause.set_request_id("a");
  status = service_.PauseReplay(&context_, &pause, &paused);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(control_.asked, "pace");
}

TEST_F(ProducerServiceTest, ValidationChangesNothing) {
  v1::StartReplayRequest request;
  v1::StartReplayResponse response;
  request.set_validate_only(true);
  EXPECT_FALSE(service_.StartReplay(&context_, &request, &response).ok());
  request.mutable_spec()->mutable_generator()->set_records(10);
  request.mutable_spec()->set_loop(true);
  ASSERT_TRUE(service_.StartReplay(&context_, &request, &response).ok());
  EXPECT_EQ(response.replay().spec().topic(), "own-topic");
  EXPECT_TRUE(response.replay().spec().loop());
  v1::UpdatePaceRequest pace;
  v1::UpdatePaceResponse paced;
  pace.set_validate_only(true);
  pace.mutable_pace()->set_speedup(2);
  EXPECT_TRUE(service_.UpdatePace(&context_, &pace, &paced).ok());
  pace.mutable_pace()->set_speedup(-2);
  EXPECT_FALSE(service_.UpdatePace(&context_, &pace, &paced).ok());
  EXPECT_EQ(control_.asked, "pace") << "whether it may be is for the replay to say";
  EXPECT_TRUE(control_.asked_with.validate_only);
  // A check leaves its id to the change.
  v1::StopReplayRequest stop;
  v1::StopReplayResponse stopped;
  stop.set_request_id("a");
  stop.set_validate_only(true);
  EXPECT_TRUE(service_.StopReplay(&context_, &stop, &stopped).ok());
  stop.set_validate_only(false);
  EXPECT_TRUE(service_.StopReplay(&context_, &stop, &stopped).ok());
  EXPECT_EQ(control_.asked, "pacestopstop");
  EXPECT_FALSE(control_.asked_with.validate_only);
}

TEST_F(ProducerServiceTest, AnEtagIsPassedOnAndTheCurrentOneTold) {
  v1::PauseReplayRequest request;
  v1::PauseReplayResponse response;
  control_.status.etag = "\"now\"";
  request.set_etag("\"then\"");
  control_.error = ReplayError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "changed");
  const grpc::Status status = service_.PauseReplay(&context_, &request, &response);
  EXPECT_EQ(control_.asked_with.etag, "\"then\"");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_TRUE(Says(status, "ETAG_MISMATCH"));
  EXPECT_TRUE(Says(status, "\"now\""));
  control_.error = absl::OkStatus();
  ASSERT_TRUE(service_.PauseReplay(&context_, &request, &response).ok());
  EXPECT_EQ(response.replay().etag(), "\"now\"");
}

TEST_F(ProducerServiceTest, GetReportsEverything) {
  ReplayStatus& status = control_.status;
  status.state = ReplayState::kFailed;
  status.records_sent = 3;
  status.records_acknowledged = 2;
  status.bytes_acknowledged = 800;
  status.records_total = 5;
  status.event_time_us = 1'543'622'400'500'000;
  status.end_time = absl::FromUnixMillis(1'700'000'001'250);
  status.error = "broken";
  v1::GetReplayRequest request;
  v1::GetReplayResponse response;
  ASSERT_TRUE(service_.GetReplay(&context_, &request, &response).ok());
  const v1::Replay& replay = response.replay();
  EXPECT_EQ(replay.state(), v1::Replay::STATE_FAILED);
  EXPECT_EQ(replay.records_sent(), 3);
  EXPECT_EQ(replay.records_acknowledged(), 2);
  EXPECT_EQ(replay.bytes_acknowledged(), 800);
  EXPECT_EQ(replay.records_total(), 5);
  EXPECT_EQ(replay.event_time().seconds(), 1'543'622'400);
  EXPECT_EQ(replay.event_time().nanos(), 500'000'000);
  EXPECT_EQ(replay.end_time().nanos(), 250'000'000);
  EXPECT_EQ(replay.error(), "broken");
}

TEST_F(ProducerServiceTest, GetBeforeAnyReplayIsEmpty) {
  control_.status = ReplayStatus();
  v1::GetReplayRequest request;
  v1::GetReplayResponse response;
  ASSERT_TRUE(service_.GetReplay(&context_, &request, &response).ok());
  EXPECT_EQ(response.replay().ByteSizeLong(), 0u);
}

}  // namespace
}  // namespace windrow::producer
