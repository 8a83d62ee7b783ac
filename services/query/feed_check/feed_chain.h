#ifndef SERVICES_QUERY_FEED_CHECK_FEED_CHAIN_H_
#define SERVICES_QUERY_FEED_CHECK_FEED_CHAIN_H_

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/query/feed_check/topic_rows.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::query {

// What one chain of feeds is to be sent.
struct ChainSpec {
  std::string pipeline;
  std::string view;
  // Only groups whose text begins so, by the filter `field = "prefix*"`; all when the field is "".
  std::string field;
  std::string prefix;
  bool final_only = false;
  // Begins with a list, and goes on from its token.
  bool list_first = false;
  // Only windows that start before, microseconds since 1970 UTC.
  int64_t window_end_us = std::numeric_limits<int64_t>::max();

  bool Wants(const RowId& id) const {
    return id.first < window_end_us && id.second.substr(0, prefix.size()) == prefix;
  }
  std::string Name() const;
};

// One reader that is cut off again and again, at any moment, and comes back with its token to any
// replica. Notes whatever breaks the rules: versions of a row strictly increase over all of its
// feeds, and only rows that it wants are sent. Used by one thread.
class FeedChain {
 public:
  using Stub = v1::QueryService::Stub;

  FeedChain(ChainSpec spec, std::vector<std::shared_ptr<Stub>> replicas, unsigned seed);

  // Connects to the next replica, and is cut off `patience` after the confirmation, or after so
  // many messages. Returns whether the feed was confirmed.
  bool ReadOnce(absl::Duration patience, int messages);

  // What differs between what was seen and the newest versions: nothing once all has been read.
  std::vector<std::string> Differences(const std::map<RowId, RowState>& newest) const;

  const ChainSpec& spec() const { return spec_; }
  const std::vector<std::string>& violations() const { return violations_; }
  // Why a feed was last not confirmed; "" when all were.
  const std::string& last_refusal() const { return last_refusal_; }
  int64_t messages() const { return messages_; }
  int64_t rows() const { return rows_; }

 private:
  struct Seen {
    int64_t offset = -1;
    bool deleted = false;
    bool final = false;
  };

  bool List(Stub* stub);
  void Take(const v1::SubscribeResponse& message);
  void TakeRow(const v1::Result& row, bool deleted);
  void CheckStatus(const grpc::Status& status);
  void Violate(std::string words);
  v1::SubscribeRequest Request() const;
  std::string Filter() const;
  std::string Parent() const;

  const ChainSpec spec_;
  const std::vector<std::shared_ptr<Stub>> replicas_;
  std::mt19937 random_;
  size_t next_replica_ = 0;
  std::string token_;
  std::map<RowId, Seen> seen_;
  // Rows of later pages of the list may come again, at the same version.
  std::set<RowId> repeatable_;
  int64_t closed_through_us_ = std::numeric_limits<int64_t>::min();
  std::vector<std::string> violations_;
  std::string last_refusal_;
  int64_t messages_ = 0;
  int64_t rows_ = 0;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_FEED_CHECK_FEED_CHAIN_H_
