// The service over a real control log: a broker is named by WINDROW_TEST_KAFKA (HOST:PORT).
#include "services/aggregator/pipeline_service.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/aggregator/control_log.h"
#include "services/aggregator/proto_time.h"
#include "services/aggregator/status_board.h"
#include "services/platform/kafka/kafka_config.h"
#include "windrow/control/v1/control.pb.h"

namespace windrow::aggregator {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

// One replica: its own view of the log, and its service.
struct Replica {
  Replica(const kafka::KafkaConfig& config, const std::string& name) {
    board = std::make_unique<StatusBoard>(
        StatusBoard::Options{config, name, [this, name] { return Status(name); }});
    auto opened = ControlLog::Open(
        config, [this] { board->PublishSoon(); }, kPatience);
    EXPECT_TRUE(opened.ok()) << opened.status();
    {
      absl::MutexLock lock(&mutex);
      log = *std::move(opened);
    }
    service = std::make_unique<PipelineServiceImpl>(
        log.get(), name, [](const std::string&) { return absl::nullopt; }, board.get());
  }
  ~Replica() {
    {
      absl::MutexLock lock(&mutex);
      log.reset();
    }
    board.reset();
  }

  // It has no workers, and applies everything at once.
  windrow::status::v1::ReplicaStatus Status(const std::string& name) {
    windrow::status::v1::ReplicaStatus status;
    status.set_replica(name);
    SetTime(absl::Now(), status.mutable_report_time());
    absl::MutexLock lock(&mutex);
    if (log == nullptr || stuck) return last_status;
    for (const auto& entry : log->pipelines()) {
      auto* const pipeline = status.add_pipelines();
      pipeline->set_pipeline(entry.first);
      pipeline->set_generation(entry.second.generation);
    }
    last_status = status;
    return status;
  }

  // Other replicas that it knows to be alive and to run the pipeline.
  std::vector<std::string> Others(const std::string& pipeline) {
    std::vector<std::string> others;
    for (const auto& other : board->Others()) {
      for (const auto& status : other.pipelines()) {
        if (status.pipeline() == pipeline) others.push_back(other.replica());
      }
    }
    return others;
  }

  grpc::Status Reconfigure(const v1::ReconfigureRequest& request,
                           v1::PipelineResource* resource = nullptr) {
    v1::ReconfigureResponse response;
    const grpc::Status status = service->Reconfigure(nullptr, &request, &response);
    if (resource != nullptr) *resource = response.pipeline();
    return status;
  }

  v1::PipelineResource Get(const std::string& name) {
    v1::GetPipelineRequest request;
    request.set_name(name);
    v1::GetPipelineResponse response;
    const grpc::Status status = service->GetPipeline(nullptr, &request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.pipeline();
  }

  absl::Mutex mutex;
  windrow::status::v1::ReplicaStatus last_status;
  // Applies nothing more.
  bool stuck = false;
  std::unique_ptr<StatusBoard> board;
  std::unique_ptr<ControlLog> log;
  std::unique_ptr<PipelineServiceImpl> service;
};

class PipelineServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const broker = std::getenv("WINDROW_TEST_KAFKA");
    ASSERT_NE(broker, nullptr) << "WINDROW_TEST_KAFKA=HOST:PORT must name a broker";
    config_.bootstrap_servers = broker;
    first_ = std::make_unique<Replica>(config_, "first");
    // Of this run and test only: the log is the broker's one and only.
    name_ = absl::StrCat("pipelines/t-", absl::ToUnixMicros(absl::Now()));
    windrow::control::v1::Proposal proposal;
    proposal.set_request_id("create:" + name_);
    proposal.set_pipeline(name_);
    proposal.mutable_create()->set_name(name_);
    const auto verdict = first_->log->Propose(proposal, kPatience);
    ASSERT_TRUE(verdict.ok()) << verdict.status();
    ASSERT_TRUE(verdict->accepted);
    second_ = std::make_unique<Replica>(config_, "second");
  }

  v1::ReconfigureRequest Parallelism(int parallelism) const {
    v1::ReconfigureRequest request;
    request.set_name(name_);
    request.mutable_settings()->set_parallelism(parallelism);
    return request;
  }

  v1::ReconfigureRequest Rate(int64_t rate) const {
    v1::ReconfigureRequest request;
    request.set_name(name_);
    request.mutable_settings()->set_records_per_second_per_partition(rate);
    return request;
  }

  kafka::KafkaConfig config_;
  std::unique_ptr<Replica> first_;
  std::unique_ptr<Replica> second_;
  std::string name_;
};

TEST_F(PipelineServiceTest, ChangesWhatIsNamedAndNothingElse) {
  v1::PipelineResource changed;
  ASSERT_TRUE(first_->Reconfigure(Parallelism(3), &changed).ok());
  EXPECT_EQ(changed.pipeline().settings().parallelism(), 3);
  EXPECT_EQ(changed.generation(), 2);
  ASSERT_TRUE(first_->Reconfigure(Rate(500), &changed).ok());
  EXPECT_EQ(changed.pipeline().settings().parallelism(), 3);
  EXPECT_EQ(changed.pipeline().settings().records_per_second_per_partition(), 500);
  EXPECT_EQ(changed.pipeline().settings().commit_interval().nanos(), 10'000'000);
  // Zero is set when it is named.
  v1::ReconfigureRequest none = Rate(0);
  EXPECT_EQ(first_->Reconfigure(none).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  none.mutable_update_mask()->add_paths("records_per_second_per_partition");
  ASSERT_TRUE(first_->Reconfigure(none, &changed).ok());
  EXPECT_EQ(changed.pipeline().settings().records_per_second_per_partition(), 0);
  EXPECT_EQ(changed.pipeline().settings().parallelism(), 3);
}

TEST_F(PipelineServiceTest, PausesAndResumes) {
  const auto pause = [this](const v1::PausePipelineRequest& request,
                            v1::PipelineResource* resource) {
    v1::PausePipelineResponse response;
    const grpc::Status status = first_->service->PausePipeline(nullptr, &request, &response);
    *resource = response.pipeline();
    return status;
  };
  const auto resume = [this](const v1::ResumePipelineRequest& request,
                             v1::PipelineResource* resource) {
    v1::ResumePipelineResponse response;
    const grpc::Status status = first_->service->ResumePipeline(nullptr, &request, &response);
    *resource = response.pipeline();
    return status;
  };
  v1::PausePipelineRequest hold;
  hold.set_name(name_);
  hold.set_validate_only(true);
  v1::PipelineResource resource;
  ASSERT_TRUE(pause(hold, &resource).ok());
  EXPECT_TRUE(resource.paused());
  EXPECT_FALSE(first_->Get(name_).paused());
  hold.set_validate_only(false);
  hold.set_request_id(name_ + ":pause");
  hold.set_etag(first_->Get(name_).etag());
  ASSERT_TRUE(pause(hold, &resource).ok());
  EXPECT_TRUE(resource.paused());
  EXPECT_EQ(resource.generation(), 2);
  // Again, by the same request and by another one: nothing changes.
  ASSERT_TRUE(pause(hold, &resource).ok());
  hold.clear_request_id();
  EXPECT_EQ(pause(hold, &resource).error_code(), grpc::StatusCode::ABORTED);
  hold.clear_etag();
  ASSERT_TRUE(pause(hold, &resource).ok());
  EXPECT_EQ(resource.generation(), 2);
  v1::ResumePipelineRequest go_on;
  go_on.set_name(name_);
  ASSERT_TRUE(resume(go_on, &resource).ok());
  EXPECT_FALSE(resource.paused());
  EXPECT_EQ(resource.generation(), 3);
  ASSERT_TRUE(resume(go_on, &resource).ok());
  EXPECT_EQ(resource.generation(), 3);
  go_on.set_name("pipelines/none");
  EXPECT_EQ(resume(go_on, &resource).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(PipelineServiceTest, RefusesWhatIsWrong) {
  const v1::PipelineResource before = first_->Get(name_);
  grpc::Status status = first_->Reconfigure(Parallelism(65));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("settings.parallelism"));
  v1::ReconfigureRequest request = Parallelism(2);
  request.mutable_update_mask()->add_paths("paralelism");
  status = first_->Reconfigure(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("paralelism"));
  request = Parallelism(2);
  request.set_name(name_ + "-no");
  EXPECT_EQ(first_->Reconfigure(request).error_code(), grpc::StatusCode::NOT_FOUND);
  // Nothing of it was done, nor by a call that only checks.
  request = Parallelism(2);
  request.set_validate_only(true);
  v1::PipelineResource checked;
  EXPECT_TRUE(first_->Reconfigure(request, &checked).ok());
  EXPECT_EQ(checked.pipeline().settings().parallelism(), 2);
  EXPECT_EQ(first_->Get(name_).etag(), before.etag());
  EXPECT_EQ(first_->Get(name_).pipeline().settings().parallelism(), 1);
}

TEST_F(PipelineServiceTest, AnEtagGuardsAndARequestIdRepeats) {
  const std::string etag = first_->Get(name_).etag();
  v1::ReconfigureRequest request = Parallelism(2);
  request.set_etag(etag);
  request.set_request_id(name_ + ":1");
  v1::PipelineResource changed;
  ASSERT_TRUE(first_->Reconfigure(request, &changed).ok());
  EXPECT_NE(changed.etag(), etag);
  // The answer was lost, and the call comes again: at the same replica, or at the other.
  v1::PipelineResource again;
  ASSERT_TRUE(first_->Reconfigure(request, &again).ok());
  EXPECT_EQ(again.etag(), changed.etag());
  const absl::Time deadline = absl::Now() + kPatience;
  while (second_->Get(name_).etag() != changed.etag() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  ASSERT_TRUE(second_->Reconfigure(request, &again).ok());
  EXPECT_EQ(again.etag(), changed.etag());
  // Another call with the old etag is refused.
  request.set_request_id(name_ + ":2");
  EXPECT_EQ(first_->Reconfigure(request).error_code(), grpc::StatusCode::ABORTED);
  request.clear_request_id();
  EXPECT_EQ(second_->Reconfigure(request).error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(first_->Get(name_).etag(), changed.etag());
}

TEST_F(PipelineServiceTest, ARequestIdIsOfOneChange) {
  v1::ReconfigureRequest request = Parallelism(2);
  request.set_request_id(name_ + ":1");
  ASSERT_TRUE(first_->Reconfigure(request).ok());
  const v1::PipelineResource changed = first_->Get(name_);
  const auto refused = [](const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("request_id"));
  };
  v1::ReconfigureRequest other = Parallelism(3);
  other.set_request_id(request.request_id());
  refused(first_->Reconfigure(other));
  v1::PausePipelineRequest hold;
  hold.set_name(name_);
  hold.set_request_id(request.request_id());
  v1::PausePipelineResponse held;
  refused(first_->service->PausePipeline(nullptr, &hold, &held));
  v1::DrainPipelineRequest drain;
  drain.set_name(name_);
  drain.set_request_id(request.request_id());
  v1::DrainPipelineResponse drained;
  refused(first_->service->DrainPipeline(nullptr, &drain, &drained));
  // What has been done under an id is not undone under it either.
  hold.set_request_id(name_ + ":2");
  ASSERT_TRUE(first_->service->PausePipeline(nullptr, &hold, &held).ok());
  v1::ResumePipelineRequest go_on;
  go_on.set_name(name_);
  go_on.set_request_id(hold.request_id());
  v1::ResumePipelineResponse resumed;
  refused(first_->service->ResumePipeline(nullptr, &go_on, &resumed));
  EXPECT_EQ(first_->Get(name_).generation(), changed.generation() + 1);
  ASSERT_TRUE(first_->Reconfigure(request).ok());
  EXPECT_EQ(first_->Get(name_).generation(), changed.generation() + 1);
}

TEST_F(PipelineServiceTest, ARequestIdIsOfOneContent) {
  const auto refused = [](const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("request_id"));
  };
  v1::RestartPipelineRequest restart;
  restart.set_name(name_);
  restart.set_request_id(name_ + ":restart");
  restart.mutable_start()->set_latest(true);
  v1::RestartPipelineResponse restarted;
  ASSERT_TRUE(first_->service->RestartPipeline(nullptr, &restart, &restarted).ok());
  const int64_t generation = first_->Get(name_).generation();
  restart.set_etag("\"1\"");
  EXPECT_TRUE(first_->service->RestartPipeline(nullptr, &restart, &restarted).ok())
      << "the same request, whatever the pipeline is by now";
  restart.mutable_start()->set_earliest(true);
  refused(first_->service->RestartPipeline(nullptr, &restart, &restarted));
  restart.mutable_start()->set_latest(true);
  restart.set_backfill_records_per_second(7);
  refused(first_->service->RestartPipeline(nullptr, &restart, &restarted));

  v1::DeletePipelineRequest deletion;
  deletion.set_name(name_);
  deletion.set_request_id(name_ + ":delete");
  v1::DeletePipelineResponse deleted;
  EXPECT_EQ(first_->Get(name_).generation(), generation);
  ASSERT_TRUE(first_->service->DeletePipeline(nullptr, &deletion, &deleted).ok());
  ASSERT_TRUE(first_->service->DeletePipeline(nullptr, &deletion, &deleted).ok());
  deletion.set_delete_topics(true);
  refused(first_->service->DeletePipeline(nullptr, &deletion, &deleted));
}

// Both have found that nobody has used the id, and one of them is faster.
TEST_F(PipelineServiceTest, OneOfTwoRequestsUnderOneIdIsRefused) {
  const auto restart = [this](int64_t rate, grpc::Status* status) {
    v1::RestartPipelineRequest request;
    request.set_name(name_);
    request.set_request_id(name_ + ":restart");
    request.mutable_start()->set_latest(true);
    request.set_backfill_records_per_second(rate);
    v1::RestartPipelineResponse response;
    *status = first_->service->RestartPipeline(nullptr, &request, &response);
  };
  std::vector<grpc::Status> statuses(2);
  std::thread other([&] { restart(1, &statuses[0]); });
  restart(2, &statuses[1]);
  other.join();
  EXPECT_NE(statuses[0].ok(), statuses[1].ok());
}

TEST_F(PipelineServiceTest, NamesTheReplicasThatHaveAppliedAChangeAndThoseThatHaveNot) {
  const auto eventually = [&](Replica& replica, const std::vector<std::string>& others) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (replica.Others(name_) != others && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    EXPECT_EQ(replica.Others(name_), others);
  };
  eventually(*first_, {"second"});
  v1::ReconfigureRequest request = Rate(7);
  v1::ReconfigureResponse response;
  ASSERT_TRUE(first_->service->Reconfigure(nullptr, &request, &response).ok());
  ASSERT_EQ(response.acknowledgements_size(), 2);
  for (const auto& acknowledgement : response.acknowledgements()) {
    EXPECT_EQ(acknowledgement.generation(), 2) << acknowledgement.replica();
  }
  EXPECT_EQ(response.missing_replicas_size(), 0);
  {
    absl::MutexLock lock(&second_->mutex);
    second_->stuck = true;
  }
  request = Rate(8);
  response.Clear();
  const absl::Time before = absl::Now();
  ASSERT_TRUE(first_->service->Reconfigure(nullptr, &request, &response).ok());
  EXPECT_LT(absl::Now() - before, absl::Seconds(5)) << "it waits 2 s";
  ASSERT_EQ(response.acknowledgements_size(), 1);
  EXPECT_EQ(response.acknowledgements(0).replica(), "first");
  EXPECT_THAT(response.missing_replicas(), testing::ElementsAre("second"));
  v1::PausePipelineRequest hold;
  hold.set_name(name_);
  v1::PausePipelineResponse held;
  ASSERT_TRUE(first_->service->PausePipeline(nullptr, &hold, &held).ok());
  ASSERT_EQ(held.acknowledgements_size(), 1);
  EXPECT_THAT(held.missing_replicas(), testing::ElementsAre("second"));
  // It is held already, and the other still does not know.
  held.Clear();
  ASSERT_TRUE(first_->service->PausePipeline(nullptr, &hold, &held).ok());
  EXPECT_EQ(held.acknowledgements(0).generation(), held.pipeline().generation());
  EXPECT_THAT(held.missing_replicas(), testing::ElementsAre("second"));
  // Who stops in order is not missed.
  second_ = nullptr;
  eventually(*first_, {});
  request = Rate(9);
  response.Clear();
  ASSERT_TRUE(first_->service->Reconfigure(nullptr, &request, &response).ok());
  EXPECT_EQ(response.missing_replicas_size(), 0);
}

TEST_F(PipelineServiceTest, ListsReplicasInPages) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (first_->Others(name_).empty() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  v1::ListReplicasRequest request;
  request.set_page_size(1);
  std::vector<std::string> names;
  for (;;) {
    v1::ListReplicasResponse response;
    ASSERT_TRUE(first_->service->ListReplicas(nullptr, &request, &response).ok());
    ASSERT_LE(response.replicas_size(), 1);
    for (const auto& replica : response.replicas()) {
      names.push_back(replica.status().replica());
      EXPECT_TRUE(replica.alive()) << names.back();
    }
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  EXPECT_THAT(names, testing::ElementsAre("first", "second"));
  v1::ListReplicasResponse response;
  request.set_page_token("zz");
  EXPECT_EQ(first_->service->ListReplicas(nullptr, &request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

// Two callers that change different settings at the same time: neither undoes the other.
TEST_F(PipelineServiceTest, ConcurrentChangesDoNotUndoEachOther) {
  for (int round = 1; round <= 20; ++round) {
    grpc::Status parallelism;
    grpc::Status rate;
    std::thread one([&] { parallelism = first_->Reconfigure(Parallelism(1 + round % 7)); });
    std::thread two([&] { rate = second_->Reconfigure(Rate(round)); });
    one.join();
    two.join();
    ASSERT_TRUE(parallelism.ok()) << parallelism.error_message();
    ASSERT_TRUE(rate.ok()) << rate.error_message();
    const absl::Time deadline = absl::Now() + kPatience;
    while (first_->Get(name_).generation() < 1 + 2 * round && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    const auto settings = first_->Get(name_).pipeline().settings();
    EXPECT_EQ(settings.parallelism(), 1 + round % 7) << "round " << round;
    EXPECT_EQ(settings.records_per_second_per_partition(), round);
  }
}

TEST_F(PipelineServiceTest, DrainsOnceForARequestId) {
  v1::DrainPipelineRequest request;
  request.set_name(name_);
  request.set_request_id(name_ + ":drain");
  v1::DrainPipelineResponse first;
  v1::DrainPipelineResponse again;
  ASSERT_TRUE(first_->service->DrainPipeline(nullptr, &request, &first).ok());
  ASSERT_TRUE(first_->service->DrainPipeline(nullptr, &request, &again).ok());
  EXPECT_EQ(first.drain_generation(), 2);
  EXPECT_EQ(again.drain_generation(), 2);
  request.clear_request_id();
  ASSERT_TRUE(first_->service->DrainPipeline(nullptr, &request, &again).ok());
  EXPECT_EQ(again.drain_generation(), 3);
}

TEST_F(PipelineServiceTest, ListsInPages) {
  std::vector<std::string> names;
  v1::ListPipelinesRequest request;
  request.set_page_size(1);
  for (;;) {
    v1::ListPipelinesResponse response;
    ASSERT_TRUE(first_->service->ListPipelines(nullptr, &request, &response).ok());
    ASSERT_LE(response.pipelines_size(), 1);
    for (const auto& pipeline : response.pipelines()) names.push_back(pipeline.pipeline().name());
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  EXPECT_THAT(names, testing::Contains(name_).Times(1));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  v1::ListPipelinesResponse response;
  for (const char* token : {"zz", "00", "7", "x"}) {
    request.set_page_token(token);
    EXPECT_EQ(first_->service->ListPipelines(nullptr, &request, &response).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT)
        << token;
  }
}

TEST_F(PipelineServiceTest, AReplicaThatStartsLaterKnowsTheSame) {
  ASSERT_TRUE(first_->Reconfigure(Parallelism(5)).ok());
  Replica later(config_, "later");
  EXPECT_EQ(later.Get(name_).SerializeAsString(), first_->Get(name_).SerializeAsString());
}

// A pipeline that can be run, with a table that a view joins.
class TableTest : public PipelineServiceTest {
 protected:
  void SetUp() override {
    PipelineServiceTest::SetUp();
    name_ += "-t";
    windrow::control::v1::Proposal proposal;
    proposal.set_request_id("create:" + name_);
    proposal.set_pipeline(name_);
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"(source_topic: "any"
           event_time { field: "at" }
           tables {
             name: "codes" key_column: "code" version: "v1"
             rows { columns { key: "code" value: "A" } columns { key: "text" value: "Alpha" } }
           }
           views {
             id: "first"
             window { tumbling { size { seconds: 600 } } }
             group_by: "code"
             aggregates { name: "n" count {} }
             join { table: "codes" field: "code" columns: "text" }
           })",
        proposal.mutable_create()));
    proposal.mutable_create()->set_name(name_);
    const auto verdict = first_->log->Propose(proposal, kPatience);
    ASSERT_TRUE(verdict.ok() && verdict->accepted) << verdict.status();
  }

  v1::UpdateTableRequest Csv(const std::string& content) const {
    v1::UpdateTableRequest request;
    request.set_name(name_);
    request.set_table("codes");
    request.set_format(v1::UpdateTableRequest::FORMAT_CSV);
    request.set_content(content);
    return request;
  }

  grpc::Status Update(const v1::UpdateTableRequest& request,
                      v1::UpdateTableResponse* response = nullptr) {
    v1::UpdateTableResponse ignored;
    return first_->service->UpdateTable(nullptr, &request,
                                        response == nullptr ? &ignored : response);
  }

  // What the table says for a key; empty when it has no such row.
  static std::string Text(const v1::PipelineResource& resource, const std::string& key) {
    for (const auto& row : resource.pipeline().tables(0).rows()) {
      if (row.columns().at("code") == key) return row.columns().at("text");
    }
    return "";
  }
};

TEST_F(TableTest, ReplacesTheRowsForEveryReplica) {
  v1::UpdateTableResponse response;
  ASSERT_TRUE(Update(Csv("code,text\nA,Able\nB,Baker\n"), &response).ok());
  EXPECT_EQ(response.version(), response.pipeline().pipeline().tables(0).version());
  EXPECT_NE(response.version(), "v1");
  EXPECT_EQ(response.pipeline().generation(), 2);
  EXPECT_EQ(response.pipeline().plan_generation(), 2);
  EXPECT_EQ(Text(response.pipeline(), "A"), "Able");
  EXPECT_EQ(Text(response.pipeline(), "B"), "Baker");
  Replica later(config_, "later");
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(later.Get(name_), response.pipeline()));

  // The same rows in another format are no change.
  v1::UpdateTableRequest same = Csv(R"([{"text":"Able","code":"A"},{"text":"Baker","code":"B"}])");
  same.set_format(v1::UpdateTableRequest::FORMAT_JSON);
  const std::string version = response.version();
  ASSERT_TRUE(Update(same, &response).ok());
  EXPECT_EQ(response.pipeline().generation(), 2);
  EXPECT_EQ(response.version(), version);

  // Settings change beside it.
  ASSERT_TRUE(first_->Reconfigure(Parallelism(3)).ok());
  EXPECT_EQ(Text(first_->Get(name_), "B"), "Baker");
  EXPECT_EQ(first_->Get(name_).plan_generation(), 2);
}

TEST_F(TableTest, RefusesRowsThatDoNotFit) {
  const std::string etag = first_->Get(name_).etag();
  const auto refused = [&](const v1::UpdateTableRequest& request, const std::string& why) {
    const grpc::Status status = Update(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << why;
    EXPECT_THAT(status.error_message(), HasSubstr(why));
  };
  refused(Csv("code,text\nA\n"), "line 2: has 1 values");
  refused(Csv("kode,text\nA,Able\n"), "key_column");
  refused(Csv("code,test\nA,Able\n"), "views[0].join.columns[0]");
  refused(Csv("code,text\n"), "views[0].join.columns[0]");
  v1::UpdateTableRequest request = Csv("code,text\nA,Able\n");
  request.clear_format();
  refused(request, "format must be");
  request = Csv("code,text\nA,Able\n");
  request.set_table("others");
  EXPECT_EQ(Update(request).error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_name("pipelines/none");
  EXPECT_EQ(Update(request).error_code(), grpc::StatusCode::NOT_FOUND);

  v1::UpdateTableResponse response;
  request = Csv("code,text\nA,Able\n");
  request.set_validate_only(true);
  ASSERT_TRUE(Update(request, &response).ok());
  EXPECT_EQ(Text(response.pipeline(), "A"), "Able");
  EXPECT_EQ(first_->Get(name_).etag(), etag);
  EXPECT_EQ(Text(first_->Get(name_), "A"), "Alpha");
}

TEST_F(TableTest, AnEtagAndARequestIdGuardIt) {
  v1::UpdateTableRequest request = Csv("code,text\nA,Able\n");
  request.set_etag(first_->Get(name_).etag());
  request.set_request_id(name_ + ":1");
  v1::UpdateTableResponse response;
  ASSERT_TRUE(Update(request, &response).ok());
  EXPECT_EQ(response.pipeline().generation(), 2);
  ASSERT_TRUE(Update(Csv("code,text\nA,Adam\n")).ok());
  // Repeated, it changes nothing more, and says what is there now.
  ASSERT_TRUE(Update(request, &response).ok());
  EXPECT_EQ(response.pipeline().generation(), 3);
  EXPECT_EQ(Text(response.pipeline(), "A"), "Adam");
  // Another with the old etag is refused.
  request.set_request_id(name_ + ":2");
  EXPECT_EQ(Update(request).error_code(), grpc::StatusCode::ABORTED);
}

}  // namespace
}  // namespace windrow::aggregator
