// The query service as a process, on a real broker: transactions that commit and that abort, ends
// by signal and by force, feeds that come back with tokens.
//
// Needs WINDROW_TEST_KAFKA=HOST:PORT, and services/query/query below the working directory.

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/kafka/transactional_producer.h"
#include "windrow/query/v1/query_service.grpc.pb.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

using ::windrow::results::v1::ResultKey;
using ::windrow::results::v1::ResultRecord;

constexpr int kPartitions = 3;
constexpr absl::Duration kPatience = absl::Seconds(60);

kafka::KafkaConfig TestKafka() {
  kafka::KafkaConfig config;
  config.bootstrap_servers = std::getenv("WINDROW_TEST_KAFKA");
  config.client_id = "query-test";
  return config;
}

// A row by (partition, window start, group), and the offset of a version of it.
using RowId = std::pair<int, std::string>;
using Versions = std::map<RowId, int64_t>;

// Writes a results topic as the aggregator does: rows, ledgers, then progress, in transactions.
class ResultsWriter {
 public:
  explicit ResultsWriter(const std::string& pipeline) : topic_(pipeline + ".results") {
    auto admin = kafka::TopicAdmin::Create(TestKafka());
    EXPECT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    const absl::Status made = admin_->EnsureTopics({{topic_, kPartitions, {}}}, absl::Seconds(30));
    EXPECT_TRUE(made.ok()) << made;
    auto producer = kafka::TransactionalProducer::Create(TestKafka(), pipeline + "-writer",
                                                         absl::Seconds(20), absl::Seconds(30));
    EXPECT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
  }

  void Begin() { ExpectOk(producer_->Begin()); }
  void Commit() { ExpectOk(producer_->Commit(Deadline())); }
  // Only once the records are in the log: aborting must not simply keep them back.
  void Abort() {
    ExpectOk(producer_->Flush(Deadline()));
    ExpectOk(producer_->Abort(Deadline()));
  }

  void Row(int partition, int64_t start_us, const std::string& group, int64_t accepted) {
    ResultKey key;
    key.mutable_row()->set_view("v");
    key.mutable_row()->set_window_start_us(start_us);
    key.mutable_row()->set_group(group);
    ResultRecord value;
    auto* const row = value.mutable_row();
    row->set_view("v");
    row->set_window_start_us(start_us);
    row->set_window_end_us(start_us + 600);
    row->add_group()->set_string_value(group);
    row->set_accepted(accepted);
    Send(partition, key, value);
  }

  void Progress(int partition, int64_t closed_through_us) {
    ResultKey key;
    key.mutable_progress()->set_merge_partition(partition);
    ResultRecord value;
    value.mutable_progress()->set_merge_partition(partition);
    value.mutable_progress()->set_merge_partitions(kPartitions);
    value.mutable_progress()->set_closed_through_us(closed_through_us);
    value.mutable_progress()->add_views("v");
    Send(partition, key, value);
  }

  // Deletes all that is in the log.
  void Purge() {
    for (int i = 0; i < kPartitions; ++i) {
      const auto range = admin_->QueryOffsets(topic_, i, absl::Seconds(10));
      ASSERT_TRUE(range.ok()) << range.status();
      const absl::Status purged =
          admin_->DeleteRecordsBefore(topic_, i, range->end, absl::Seconds(10));
      ASSERT_TRUE(purged.ok()) << purged;
    }
  }

  // The last committed version of each row, read from the topic by other means than the service.
  Versions Newest() const {
    std::vector<kafka::StartPosition> starts;
    for (int i = 0; i < kPartitions; ++i) {
      kafka::StartPosition start;
      start.topic = topic_;
      start.partition = i;
      starts.push_back(start);
    }
    auto reader = kafka::PartitionReader::Create(TestKafka(), starts);
    EXPECT_TRUE(reader.ok()) << reader.status();
    Versions newest;
    const absl::Time deadline = absl::Now() + kPatience;
    do {
      const auto read =
          (*reader)->Read(1000, absl::Milliseconds(200), [&](const kafka::RecordView& record) {
            ResultKey key;
            EXPECT_TRUE(key.ParseFromArray(record.key.data(), static_cast<int>(record.key.size())));
            if (!key.has_row()) return;
            newest[RowId(record.partition, absl::StrCat(key.row().window_start_us(), "/",
                                                        key.row().group()))] = record.offset;
          });
      EXPECT_TRUE(read.ok()) << read.status();
    } while (!(*reader)->at_end() && absl::Now() < deadline);
    return newest;
  }

 private:
  static absl::Time Deadline() { return absl::Now() + absl::Seconds(30); }

  static void ExpectOk(const kafka::TransactionStep& step) {
    EXPECT_TRUE(step.ok()) << step.message;
  }

  void Send(int partition, const ResultKey& key, const ResultRecord& value) {
    ExpectOk(producer_->Produce(topic_, partition, key.SerializeAsString(),
                                value.SerializeAsString(), Deadline()));
  }

  const std::string topic_;
  std::unique_ptr<kafka::TopicAdmin> admin_;
  std::unique_ptr<kafka::TransactionalProducer> producer_;
};

// The service as a process of its own, with a store that outlives it.
class QueryProcess {
 public:
  QueryProcess(std::string pipeline, std::string directory)
      : pipeline_(std::move(pipeline)), directory_(std::move(directory)) {}
  ~QueryProcess() { End(SIGKILL); }

  void Start() {
    const std::string log = absl::StrCat(directory_, "/log-", ++starts_);
    const std::string kafka = absl::StrCat("--kafka=", std::getenv("WINDROW_TEST_KAFKA"));
    const std::string store = absl::StrCat("--store_dir=", directory_, "/store");
    const std::string pipeline = absl::StrCat("--pipeline=", pipeline_);
    pid_ = fork();
    if (pid_ == 0) {
      const int file = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0644);
      dup2(file, STDERR_FILENO);
      execl("services/query/query", "query", kafka.c_str(), store.c_str(), pipeline.c_str(),
            "--listen=127.0.0.1:0", static_cast<char*>(nullptr));
      _exit(127);
    }
    port_ = WaitForPort(log);
  }

  // Returns the exit code, or the signal with a minus.
  int End(int signal) {
    if (pid_ <= 0) return 0;
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::unique_ptr<v1::QueryService::Stub> NewStub() const {
    return v1::QueryService::NewStub(grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_.load()),
                                                         grpc::InsecureChannelCredentials()));
  }

 private:
  static int WaitForPort(const std::string& log) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (absl::Now() < deadline) {
      std::stringstream text;
      text << std::ifstream(log).rdbuf();
      const std::string marker = "\"port\":";
      const size_t at = text.str().find(marker);
      int port = 0;
      const std::string digits =
          at == std::string::npos ? "" : text.str().substr(at + marker.size(), 5);
      if (absl::SimpleAtoi(digits.substr(0, digits.find_first_not_of("0123456789")), &port)) {
        return port;
      }
      absl::SleepFor(absl::Milliseconds(20));
    }
    ADD_FAILURE() << "the service did not start";
    return 0;
  }

  const std::string pipeline_;
  const std::string directory_;
  int starts_ = 0;
  pid_t pid_ = 0;
  // Read by subscribers while the process is started anew.
  std::atomic<int> port_{0};
};

// A reader that comes back with its token whenever the feed ends, and checks the rules.
class Subscriber {
 public:
  explicit Subscriber(bool final_only) : final_only_(final_only) {}

  // Reads until the feed ends or `messages` were read.
  void ReadOnce(const QueryProcess& process, int messages) {
    const auto stub = process.NewStub();
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    v1::SubscribeRequest request;
    request.set_parent(absl::StrCat("pipelines/", pipeline_, "/views/v"));
    request.set_final_only(final_only_);
    request.mutable_heartbeat_interval()->set_nanos(200'000'000);
    token_.empty() ? request.set_from_beginning(true) : request.set_resume_token(token_);
    const auto stream = stub->Subscribe(&context, request);
    v1::SubscribeResponse message;
    for (int i = 0; i < messages && stream->Read(&message); ++i) Take(message);
    context.TryCancel();
    const grpc::Status status = stream->Finish();
    const bool expected = status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                          status.error_code() == grpc::StatusCode::CANCELLED ||
                          status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
                          status.error_code() == grpc::StatusCode::NOT_FOUND;
    EXPECT_TRUE(expected) << status.error_code() << " " << status.error_message();
  }

  void SetPipeline(const std::string& pipeline) { pipeline_ = pipeline; }
  const Versions& seen() const { return seen_; }
  int64_t closed_through_us() const { return closed_through_us_; }
  int closes() const { return closes_; }

 private:
  void Take(const v1::SubscribeResponse& message) {
    token_ = message.resume_token();
    if (message.has_closed_through_time()) {
      const int64_t closed = message.closed_through_time().seconds() * 1'000'000 +
                             message.closed_through_time().nanos() / 1000;
      EXPECT_GE(closed, closed_through_us_);
      closed_through_us_ = closed;
    }
    closes_ += message.has_close() ? 1 : 0;
    for (const v1::Result& row : message.changes().results()) {
      const int64_t start_us =
          row.window_start_time().seconds() * 1'000'000 + row.window_start_time().nanos() / 1000;
      const RowId id(row.version().partition(),
                     absl::StrCat(start_us, "/", row.group(0).string_value()));
      const auto [it, inserted] = seen_.try_emplace(id, row.version().offset());
      EXPECT_TRUE(inserted || it->second < row.version().offset()) << id.second;
      it->second = row.version().offset();
      EXPECT_TRUE(row.final() || !final_only_);
      // Rows of aborted transactions count this many.
      EXPECT_LT(row.accepted(), 1'000'000);
    }
  }

  const bool final_only_;
  std::string pipeline_;
  std::string token_;
  Versions seen_;
  int64_t closed_through_us_ = std::numeric_limits<int64_t>::min();
  int closes_ = 0;
};

class QueryKafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("WINDROW_TEST_KAFKA") == nullptr) {
      GTEST_SKIP() << "WINDROW_TEST_KAFKA is not set";
    }
    // Not the directory of the test: tests of the same name follow each other on one broker.
    pipeline_ = absl::StrCat("query-test-", getpid(), "-", absl::ToUnixMillis(absl::Now()));
    std::string path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/query-XXXXXX");
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    directory_ = path;
  }

  // Waits until the service has applied all there is.
  void WaitForEnd(const QueryProcess& process) {
    const absl::Time deadline = absl::Now() + kPatience;
    const auto stub = process.NewStub();
    while (absl::Now() < deadline) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
      context.set_wait_for_ready(true);
      v1::GetStatusResponse status;
      if (stub->GetStatus(&context, v1::GetStatusRequest(), &status).ok() && status.caught_up() &&
          status.pipelines(0).lag_records() == 0) {
        return;
      }
      absl::SleepFor(absl::Milliseconds(50));
    }
    ADD_FAILURE() << "the service never caught up";
  }

  Versions ListAll(const QueryProcess& process) {
    const auto stub = process.NewStub();
    v1::ListResultsRequest request;
    request.set_parent(absl::StrCat("pipelines/", pipeline_, "/views/v"));
    request.set_page_size(300);
    Versions rows;
    while (true) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
      v1::ListResultsResponse response;
      const grpc::Status status = stub->ListResults(&context, request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const v1::Result& row : response.results()) {
        const int64_t start_us =
            row.window_start_time().seconds() * 1'000'000 + row.window_start_time().nanos() / 1000;
        rows[RowId(row.version().partition(),
                   absl::StrCat(start_us, "/", row.group(0).string_value()))] =
            row.version().offset();
      }
      if (!status.ok() || response.next_page_token().empty()) return rows;
      request.set_page_token(response.next_page_token());
    }
  }

  std::string pipeline_;
  std::string directory_;
};

// Writes transactions of random rows, every fourth of them aborted, until told to stop.
void WriteUntil(const std::atomic<bool>& stop, ResultsWriter* writer) {
  std::mt19937 random(11);
  for (int transaction = 0; !stop; ++transaction) {
    const bool abort = transaction % 4 == 3;
    writer->Begin();
    const int rows = static_cast<int>(random() % 300);
    for (int i = 0; i < rows; ++i) {
      const int group = static_cast<int>(random() % 30);
      writer->Row(group % kPartitions, static_cast<int64_t>(random() % 50) * 600,
                  absl::StrCat("g", group), abort ? 1'000'000 : transaction);
    }
    for (int i = 0; i < kPartitions; ++i) writer->Progress(i, transaction * 60 - 600);
    abort ? writer->Abort() : writer->Commit();
  }
}

TEST_F(QueryKafkaTest, FeedsHoldTheRulesOverRestartsAndAborts) {
  QueryProcess process(pipeline_, directory_);
  process.Start();  // Before the topic is there.
  ResultsWriter writer(pipeline_);
  std::atomic<bool> stop{false};
  std::thread writing([&] { WriteUntil(stop, &writer); });

  Subscriber all_rows(false);
  Subscriber final_rows(true);
  all_rows.SetPipeline(pipeline_);
  final_rows.SetPipeline(pipeline_);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  std::mt19937 random(5);
  for (Subscriber* const subscriber : {&all_rows, &final_rows}) {
    readers.emplace_back([&, subscriber, seed = random()] {
      std::mt19937 own(seed);
      while (!done) {
        subscriber->ReadOnce(process, static_cast<int>(own() % 40) + 2);
        if (subscriber->seen().empty()) absl::SleepFor(absl::Milliseconds(50));
      }
    });
  }
  for (int restart = 0; restart < 4; ++restart) {
    absl::SleepFor(absl::Seconds(2));
    if (restart % 2 == 0) {
      EXPECT_EQ(process.End(SIGKILL), -SIGKILL);
    } else {
      const absl::Time begin = absl::Now();
      EXPECT_EQ(process.End(SIGTERM), 0);
      EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
    }
    process.Start();
  }
  stop = true;
  writing.join();
  writer.Begin();
  for (int i = 0; i < kPartitions; ++i) writer.Progress(i, 1'000'000);
  writer.Commit();

  const Versions newest = writer.Newest();
  WaitForEnd(process);
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (Subscriber* const subscriber : {&all_rows, &final_rows}) {
    for (int i = 0; i < 20 && subscriber->seen() != newest; ++i) subscriber->ReadOnce(process, 50);
    EXPECT_EQ(subscriber->seen(), newest);
    EXPECT_EQ(subscriber->closed_through_us(), 1'000'000);
  }
  EXPECT_EQ(ListAll(process), newest);
  EXPECT_GT(newest.size(), 1000u);

  // A replica without a store reads everything back.
  QueryProcess fresh(pipeline_, directory_ + "/store");
  fresh.Start();
  WaitForEnd(fresh);
  EXPECT_EQ(ListAll(fresh), newest);
}

TEST_F(QueryKafkaTest, LogThatWasPurgedMeanwhileIsReadAnew) {
  ResultsWriter writer(pipeline_);
  QueryProcess process(pipeline_, directory_);
  const auto write = [&](const std::string& group) {
    writer.Begin();
    for (int i = 0; i < kPartitions; ++i) writer.Row(i, 0, absl::StrCat(group, i), 1);
    writer.Progress(0, 0);
    writer.Commit();
  };
  write("first");
  process.Start();
  WaitForEnd(process);
  EXPECT_THAT(ListAll(process), ::testing::SizeIs(kPartitions));
  // Purged below what this replica has read: nothing to it.
  writer.Purge();
  EXPECT_EQ(process.End(SIGTERM), 0);
  write("second");
  process.Start();
  WaitForEnd(process);
  EXPECT_THAT(ListAll(process), ::testing::SizeIs(2 * kPartitions));
  // Purged above it: what is missing is not known, so only what the log has is shown.
  EXPECT_EQ(process.End(SIGKILL), -SIGKILL);
  write("third");
  writer.Purge();
  write("fourth");
  process.Start();
  WaitForEnd(process);
  EXPECT_THAT(ListAll(process), ::testing::SizeIs(kPartitions));
  EXPECT_EQ(ListAll(process), writer.Newest());
}

}  // namespace
}  // namespace windrow::query
