#ifndef SERVICES_AGGREGATOR_CORE_SESSION_STORE_H_
#define SERVICES_AGGREGATOR_CORE_SESSION_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/aggregator/core/group_dictionary.h"
#include "services/aggregator/core/row_store.h"
#include "services/aggregator/core/sharded_map.h"

namespace windrow::aggregator {

// The rows of sessions: of each group, intervals of event time that lie at least a gap apart. A
// delta's interval unites with all that it comes closer to; the row of one that begins elsewhere
// now is deleted.
class SessionStore : public RowStore {
 public:
  // `plan`, a view with sessions, must outlive the store.
  explicit SessionStore(const ViewPlan* plan) : plan_(*plan), gap_(plan->session_gap) {}

  uint64_t Apply(const ViewDelta& delta, const Closes& closes) override;
  void TakeRows(EventTime closed_through, bool due, ViewChanges* changes) override;
  void DropRows(EventTime closed_through) override;
  bool has_waiting_rows() const override { return !waiting_.empty(); }
  void Evict(EventTime unchangeable_through) override;
  std::unique_ptr<RowImage> Image() const override;
  void Restore(const ViewSnapshot& snapshot, const Closes& closes) override;
  std::vector<EventTime> OpenEnds(EventTime after, EventTime through, size_t most) const override;
  size_t cell_count() const override { return by_end_.size(); }
  size_t group_count() const override { return groups_.size(); }
  size_t bytes() const override;

 private:
  struct Session {
    EventTime last = 0;
    Cell cell;
    uint32_t revision = 0;
    // Whether `results` may hold a row of it, and whether that one is not of now.
    bool written = false;
    bool changed = false;
    // Whether the change must not wait: something final, or that was deleted, is in it.
    bool urgent = false;
  };
  // By event time of the first record.
  using Sessions = absl::btree_map<EventTime, Session>;
  class SessionImage;
  // Group, and event time of the first record.
  using SessionId = std::pair<uint32_t, EventTime>;
  using SessionIds = absl::btree_set<SessionId>;

  EventTime EndOf(const Session& session) const { return session.last + gap_; }
  Session& Find(SessionId id) { return sessions_[id.first].at(id.second); }
  void Unite(uint32_t group, const DeltaCell& delta, EventTime closed_through,
             SessionIds* corrected);
  // Takes a session out to unite it with another that begins at `new_first`.
  void Absorb(SessionId id, EventTime new_first, Session* session, Session* into);
  void Insert(SessionId id, Session session);
  // Takes it out of everything but sessions_.
  void Unlink(SessionId id, const Session& session);
  void AppendRow(SessionId id, Session* session, ViewChanges* changes);
  // Sessions, changed since written, whose end closed_through has reached since rows were taken.
  SessionIds NewlyClosed(EventTime closed_through) const;

  const ViewPlan& plan_;
  const EventSpan gap_;
  GroupDictionary groups_;
  ShardedMap<Sessions> sessions_;
  absl::btree_set<std::tuple<EventTime, uint32_t, EventTime>> by_end_;
  // Sessions that changed since rows were last taken, and before that but are still to be written.
  SessionIds fresh_;
  SessionIds waiting_;
  // Written rows of sessions that are no more; each refers to its group.
  SessionIds deleted_;
  EventTime taken_through_ = kNever;
  size_t state_bytes_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_SESSION_STORE_H_
