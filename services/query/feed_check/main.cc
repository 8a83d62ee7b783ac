// Reads feeds that are cut off again and again, over any number of replicas, until a line comes on
// standard input; then reads the results topic itself, and wants every chain of feeds to have kept
// the rules. Prints JSON; exit code 1 when a rule was broken.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/runtime/flags.h"
#include "services/query/feed_check/feed_chain.h"
#include "services/query/feed_check/topic_rows.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka brokers, HOST:PORT[,HOST:PORT...].");
ABSL_FLAG(std::vector<std::string>, query, {}, "Replicas of the query service, HOST:PORT,...");
ABSL_FLAG(std::string, pipeline, "sf-calls", "Id of the pipeline, of its first incarnation.");
ABSL_FLAG(std::vector<std::string>, chains, {},
          "Chains of feeds, VIEW[:FIELD:PREFIX][:final][:listed][:before=SECONDS],...");
ABSL_FLAG(int64_t, reconnects, 150, "Feeds to begin at least, of all chains together.");
ABSL_FLAG(uint32_t, seed, 1, "Of the moments at which feeds are cut off.");

namespace windrow::query {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

ChainSpec ParseSpec(const std::string& text) {
  ChainSpec spec;
  spec.pipeline = absl::GetFlag(FLAGS_pipeline);
  std::vector<std::string> words = absl::StrSplit(text, ':');
  spec.view = words[0];
  for (size_t i = 1; i < words.size(); ++i) {
    int64_t seconds = 0;
    if (words[i] == "final") {
      spec.final_only = true;
    } else if (words[i] == "listed") {
      spec.list_first = true;
    } else if (words[i].rfind("before=", 0) == 0 &&
               absl::SimpleAtoi(words[i].substr(7), &seconds)) {
      spec.window_end_us = seconds * 1'000'000;
    } else if (i + 1 < words.size()) {
      spec.field = words[i];
      spec.prefix = words[++i];
    }
  }
  return spec;
}

std::vector<std::shared_ptr<FeedChain::Stub>> Replicas() {
  std::vector<std::shared_ptr<FeedChain::Stub>> replicas;
  grpc::ChannelArguments arguments;
  // They are killed and come back: do not wait for long.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  for (const std::string& address : absl::GetFlag(FLAGS_query)) {
    replicas.push_back(v1::QueryService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
  }
  return replicas;
}

class FeedCheck {
 public:
  FeedCheck() {
    unsigned seed = absl::GetFlag(FLAGS_seed);
    for (const std::string& text : absl::GetFlag(FLAGS_chains)) {
      chains_.push_back(std::make_unique<FeedChain>(ParseSpec(text), Replicas(), ++seed));
    }
  }

  // Until a line comes on standard input, and there were enough feeds.
  void Roam() {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < chains_.size(); ++i) {
      threads.emplace_back([this, i] { RoamOne(chains_[i].get(), i); });
    }
    std::string line;
    std::getline(std::cin, line);
    stop_ = true;
    for (std::thread& thread : threads) thread.join();
  }

  // Whether all chains agree with the topic in the end.
  bool Compare() {
    kafka::KafkaConfig kafka;
    kafka.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
    kafka.client_id = "feed-check";
    const auto topic =
        ReadTopicRows(kafka, absl::StrCat(absl::GetFlag(FLAGS_pipeline), ".results"));
    if (!topic.ok()) {
      std::cerr << topic.status() << "\n";
      return false;
    }
    bool same = true;
    const absl::Time deadline = absl::Now() + kPatience;
    for (const auto& chain : chains_) same = CompareOne(chain.get(), *topic, deadline) && same;
    return same;
  }

  void Print() const {
    int64_t messages = 0;
    int64_t rows = 0;
    for (const auto& chain : chains_) {
      messages += chain->messages();
      rows += chain->rows();
    }
    std::cout << absl::StrCat("{\"reconnects\": ", confirmed_.load(),
                              ", \"attempts\": ", attempts_.load(), ", \"messages\": ", messages,
                              ", \"rows\": ", rows, ", \"compared\": ", compared_, "}")
              << std::endl;
    for (const auto& chain : chains_) {
      if (!chain->last_refusal().empty()) {
        std::cerr << chain->spec().Name() << ": last refused by " << chain->last_refusal() << "\n";
      }
    }
  }

 private:
  void RoamOne(FeedChain* chain, size_t index) {
    std::mt19937 random(absl::GetFlag(FLAGS_seed) * 1000 + static_cast<unsigned>(index));
    const int64_t wanted = absl::GetFlag(FLAGS_reconnects);
    while (!stop_ || confirmed_ < wanted) {
      ++attempts_;
      const absl::Duration patience = absl::Milliseconds(5 + random() % 300);
      if (chain->ReadOnce(patience, 1 + static_cast<int>(random() % 30))) {
        ++confirmed_;
      } else {
        absl::SleepFor(absl::Milliseconds(20));
      }
    }
  }

  bool CompareOne(FeedChain* chain, const TopicRows& topic, absl::Time deadline) {
    const auto newest = topic.find(chain->spec().view);
    if (newest == topic.end()) {
      std::cerr << chain->spec().Name() << ": the topic has no row\n";
      return false;
    }
    std::vector<std::string> differences = chain->Differences(newest->second);
    while (!differences.empty() && absl::Now() < deadline) {
      chain->ReadOnce(absl::Seconds(1), 1000);
      differences = chain->Differences(newest->second);
    }
    for (const auto& [id, state] : newest->second) compared_ += chain->spec().Wants(id) ? 1 : 0;
    differences.resize(std::min<size_t>(differences.size(), 10));
    for (const std::string& words : chain->violations()) std::cerr << words << "\n";
    for (const std::string& words : differences) std::cerr << words << "\n";
    return differences.empty() && chain->violations().empty();
  }

  std::vector<std::unique_ptr<FeedChain>> chains_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> attempts_{0};
  std::atomic<int64_t> confirmed_{0};
  int64_t compared_ = 0;
};

}  // namespace
}  // namespace windrow::query

int main(int argc, char** argv) {
  windrow::runtime::ParseFlagsOrExit(argc, argv, "Checks the rules of feeds; see main.cc.");
  windrow::query::FeedCheck check;
  check.Roam();
  const bool same = check.Compare();
  check.Print();
  return same ? 0 : 1;
}
