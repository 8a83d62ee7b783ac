#include "services/aggregator/acknowledgement_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Replicas as the test says.
class FakeDirectory : public ReplicaDirectory {
 public:
  void Set(const std::string& replica, int64_t generation,
           const std::string& pipeline = "pipelines/p") {
    absl::MutexLock lock(&mutex_);
    windrow::status::v1::ReplicaStatus status;
    status.set_replica(replica);
    status.add_pipelines()->set_pipeline(pipeline);
    status.mutable_pipelines(0)->set_generation(generation);
    status.mutable_pipelines(0)->mutable_pause()->set_nanos(1000);
    replicas_[replica] = status;
    ++version_;
  }
  void Remove(const std::string& replica) {
    absl::MutexLock lock(&mutex_);
    replicas_.erase(replica);
    ++version_;
  }

  std::vector<windrow::status::v1::ReplicaStatus> Alive() const override {
    absl::MutexLock lock(&mutex_);
    std::vector<windrow::status::v1::ReplicaStatus> alive;
    for (const auto& entry : replicas_) alive.push_back(entry.second);
    return alive;
  }
  std::vector<KnownReplica> Known() const override { return {}; }
  void AwaitNews(uint64_t* version, absl::Time deadline) const override {
    absl::MutexLock lock(&mutex_);
    const auto news = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return version_ != *version; };
    mutex_.AwaitWithDeadline(absl::Condition(&news), deadline);
    *version = version_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, windrow::status::v1::ReplicaStatus> replicas_ ABSL_GUARDED_BY(mutex_);
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 1;
};

std::vector<std::string> Names(const AcknowledgementWait::Result& result) {
  std::vector<std::string> names;
  for (const auto& one : result.acknowledgements) names.push_back(one.replica());
  return names;
}

TEST(AcknowledgementWaitTest, WaitsForAllThatRunThePipeline) {
  FakeDirectory replicas;
  replicas.Set("a", 3);
  replicas.Set("b", 2);
  replicas.Set("other", 1, "pipelines/other");
  const AcknowledgementWait wait(&replicas, "pipelines/p");
  std::thread later([&] {
    replicas.Set("a", 4);
    // A later generation is this one, too.
    replicas.Set("b", 5);
  });
  const auto result = wait.Await(4, absl::InfiniteFuture());
  later.join();
  EXPECT_THAT(Names(result), ElementsAre("a", "b"));
  EXPECT_THAT(result.missing, IsEmpty());
  EXPECT_EQ(result.acknowledgements[1].generation(), 5);
  EXPECT_EQ(result.acknowledgements[1].pause().nanos(), 1000);
}

TEST(AcknowledgementWaitTest, NamesWhoDoesNotAnswerInTime) {
  FakeDirectory replicas;
  replicas.Set("a", 4);
  replicas.Set("b", 3);
  const AcknowledgementWait wait(&replicas, "pipelines/p");
  // Who comes later is not waited for.
  replicas.Set("c", 1);
  const auto result = wait.Await(4, absl::Now() + absl::Milliseconds(50));
  EXPECT_THAT(Names(result), ElementsAre("a"));
  EXPECT_THAT(result.missing, ElementsAre("b"));
}

TEST(AcknowledgementWaitTest, DoesNotWaitForWhoIsGone) {
  FakeDirectory replicas;
  replicas.Set("a", 4);
  replicas.Set("b", 3);
  const AcknowledgementWait wait(&replicas, "pipelines/p");
  replicas.Remove("b");
  const auto result = wait.Await(4, absl::InfiniteFuture());
  EXPECT_THAT(Names(result), ElementsAre("a"));
  EXPECT_THAT(result.missing, ElementsAre("b"));
}

}  // namespace
}  // namespace windrow::aggregator
