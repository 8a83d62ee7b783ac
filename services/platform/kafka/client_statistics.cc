#include "services/platform/kafka/client_statistics.h"

#include <simdjson.h>

#include <algorithm>

namespace windrow::kafka {
namespace {

// Several times the interval at which clients tell.
constexpr absl::Duration kForgetAfter = absl::Minutes(1);

int64_t Int(simdjson::dom::element element, const char* name) {
  int64_t value = 0;
  return element[name].get(value) == simdjson::SUCCESS ? value : 0;
}

std::string Text(simdjson::dom::element element, const char* name) {
  std::string_view value;
  return element[name].get(value) == simdjson::SUCCESS ? std::string(value) : "";
}

}  // namespace

ClientStatistics& ClientStatistics::OfProcess() {
  // Never destroyed: clients may end after it.
  static ClientStatistics& statistics = *new ClientStatistics;
  return statistics;
}

void ClientStatistics::Add(absl::string_view json, absl::Time now) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return;
  Client client;
  client.type = Text(root, "type");
  client.counts = {Int(root, "tx"), Int(root, "tx_bytes"), Int(root, "rx_bytes"), 0, 0};
  client.queued_messages = Int(root, "msg_cnt");
  client.told_at = now;
  simdjson::dom::object brokers;
  if (root["brokers"].get(brokers) == simdjson::SUCCESS) {
    for (const auto broker : brokers) {
      client.counts.timeouts += Int(broker.value, "req_timeouts");
      client.counts.errors += Int(broker.value, "txerrs") + Int(broker.value, "rxerrs");
      simdjson::dom::element round_trip;
      if (broker.value["rtt"].get(round_trip) != simdjson::SUCCESS) continue;
      client.round_trip_seconds =
          std::max(client.round_trip_seconds, static_cast<double>(Int(round_trip, "p99")) / 1e6);
    }
  }

  absl::MutexLock lock(&mutex_);
  Client& known = clients_[Text(root, "name")];
  Counts& total = totals_[client.type];
  // A broker that is forgotten takes its counts along.
  const auto add = [&](int64_t Counts::*count) {
    total.*count += std::max<int64_t>(0, client.counts.*count - known.counts.*count);
  };
  add(&Counts::requests);
  add(&Counts::sent_bytes);
  add(&Counts::received_bytes);
  add(&Counts::timeouts);
  add(&Counts::errors);
  known = client;
  for (auto it = clients_.begin(); it != clients_.end();) {
    it = now - it->second.told_at > kForgetAfter ? clients_.erase(it) : std::next(it);
  }
}

std::map<std::string, ClientStatistics::Sums> ClientStatistics::Get() const {
  absl::MutexLock lock(&mutex_);
  std::map<std::string, Sums> all;
  for (const auto& [type, counts] : totals_) all[type].counts = counts;
  for (const auto& [name, client] : clients_) {
    Sums& sums = all[client.type];
    ++sums.clients;
    sums.queued_messages += client.queued_messages;
    sums.round_trip_seconds = std::max(sums.round_trip_seconds, client.round_trip_seconds);
  }
  return all;
}

}  // namespace windrow::kafka
