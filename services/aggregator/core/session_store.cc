#include "services/aggregator/core/session_store.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/aggregator/core/shard_reader.h"

namespace windrow::aggregator {
namespace {

constexpr EventTime kForever = std::numeric_limits<EventTime>::max();
constexpr uint32_t kLastGroup = std::numeric_limits<uint32_t>::max();
// Of a session in the maps.
constexpr size_t kSessionOverhead = 160;

}  // namespace

class SessionStore::SessionImage : public RowImage {
 public:
  explicit SessionImage(const SessionStore& store) : keys_(store.groups_.Share()) {
    sessions_.Add(0, store.sessions_);
  }

  const std::string* NextCell(DeltaCell* cell) override {
    while (group_ == nullptr || session_ == group_->second.end()) {
      group_ = sessions_.Next();
      if (group_ == nullptr) return nullptr;
      session_ = group_->second.begin();
    }
    const std::string& key = (*keys_)[group_->first];
    const EventTime first = session_->first;
    const Session& session = (session_++)->second;
    cell->pane = first;
    cell->group = group_->first;
    cell->accepted = session.cell.accepted;
    cell->span = session.last - first;
    cell->states = session.cell.states;
    if (session.revision > 0) revisions_.push_back(RowRevision{first, key, session.revision});
    return &key;
  }

  bool NextRevision(RowRevision* revision) override {
    if (revisions_.empty()) return false;
    *revision = std::move(revisions_.back());
    revisions_.pop_back();
    return true;
  }

 private:
  const std::shared_ptr<const GroupDictionary::Keys> keys_;
  ShardReader<Sessions> sessions_;
  const ShardReader<Sessions>::Entry* group_ = nullptr;
  Sessions::const_iterator session_;
  // Of the cells that have been read.
  std::vector<RowRevision> revisions_;
};

uint64_t SessionStore::Apply(const ViewDelta& delta, const Closes& closes) {
  std::vector<uint32_t> ids;
  ids.reserve(delta.groups.size());
  for (const std::string& group : delta.groups) ids.push_back(groups_.Intern(group));
  uint64_t expired = 0;
  SessionIds corrected;
  for (const DeltaCell& cell : delta.cells) {
    if (cell.pane < closes.unchangeable_through) {
      expired += cell.accepted;
    } else {
      Unite(ids[cell.group], cell, closes.closed_through, &corrected);
    }
  }
  for (const SessionId& id : corrected) ++Find(id).revision;
  for (const uint32_t id : ids) groups_.FreeIfUnused(id);
  return expired;
}

void SessionStore::Unite(uint32_t group, const DeltaCell& delta, EventTime closed_through,
                         SessionIds* corrected) {
  // Before those that it absorbs let go of the group.
  groups_.AddReference(group);
  Sessions& sessions = sessions_[group];
  EventTime first = delta.pane;
  Session united;
  united.last = delta.pane + delta.span;
  united.urgent = EndOf(united) <= closed_through;

  // Sessions lie a gap apart, so of those that begin earlier only the last can be close enough.
  auto begin = sessions.lower_bound(first);
  if (begin != sessions.begin() && EndOf(std::prev(begin)->second) > first) --begin;
  auto end = begin;
  while (end != sessions.end() && end->first < united.last + gap_) {
    first = std::min(first, end->first);
    united.last = std::max(united.last, end->second.last);
    ++end;
  }
  bool is_corrected = united.urgent;
  for (auto session = begin; session != end; ++session) {
    is_corrected = is_corrected || EndOf(session->second) <= closed_through;
    is_corrected = corrected->erase({group, session->first}) > 0 || is_corrected;
    Absorb({group, session->first}, first, &session->second, &united);
  }
  sessions.erase(begin, end);
  united.urgent = united.urgent || is_corrected;
  united.cell.Add(plan_, delta.accepted, delta.states);
  // A row that was deleted in this commit is there again.
  if (deleted_.erase({group, first}) > 0) {
    groups_.Release(group);
    united.written = true;
  }
  united.changed = true;
  Insert({group, first}, std::move(united));
  fresh_.insert({group, first});
  if (is_corrected) corrected->insert({group, first});
}

void SessionStore::Absorb(SessionId id, EventTime new_first, Session* session, Session* into) {
  Unlink(id, *session);
  into->cell.Add(plan_, session->cell.accepted, session->cell.states);
  into->revision = std::max(into->revision, session->revision);
  into->urgent = into->urgent || session->urgent;
  if (id.second == new_first) {
    into->written = session->written;
  } else if (session->written) {
    into->urgent = true;
    groups_.AddReference(id.first);
    deleted_.insert(id);
  }
  groups_.Release(id.first);
}

void SessionStore::Insert(SessionId id, Session session) {
  by_end_.insert({EndOf(session), id.first, id.second});
  state_bytes_ += StatesBytes(session.cell.states);
  sessions_[id.first].emplace(id.second, std::move(session));
}

void SessionStore::Unlink(SessionId id, const Session& session) {
  by_end_.erase({EndOf(session), id.first, id.second});
  state_bytes_ -= StatesBytes(session.cell.states);
  fresh_.erase(id);
  waiting_.erase(id);
}

// ---- Rows

void SessionStore::TakeRows(EventTime closed_through, bool due, ViewChanges* changes) {
  for (const SessionId& id : deleted_) {
    RowChange row;
    row.group = static_cast<uint32_t>(changes->groups.size());
    changes->groups.push_back(groups_.key(id.first));
    row.window_start = id.second;
    row.deleted = true;
    changes->rows.push_back(std::move(row));
    groups_.Release(id.first);
  }
  deleted_.clear();

  const bool all = due && plan_.emit != EmitMode::kFinal;
  SessionIds ready = NewlyClosed(closed_through);
  for (const SessionId& id : fresh_) {
    const Session& session = Find(id);
    if (all || session.urgent || EndOf(session) <= closed_through) {
      ready.insert(id);
    } else if (plan_.emit == EmitMode::kInterval) {
      waiting_.insert(id);
    }
  }
  fresh_.clear();
  if (all) ready.insert(waiting_.begin(), waiting_.end());
  for (const SessionId& id : ready) {
    AppendRow(id, &Find(id), changes);
    waiting_.erase(id);
  }
  taken_through_ = closed_through;
}

SessionStore::SessionIds SessionStore::NewlyClosed(EventTime closed_through) const {
  SessionIds ids;
  // With each commit, what has closed has been written already.
  if (plan_.emit == EmitMode::kEachCommit || closed_through == kNever) return ids;
  // Ends are after taken_through_, and not after closed_through.
  for (auto entry = by_end_.lower_bound({taken_through_, kLastGroup, kForever});
       entry != by_end_.end() && std::get<0>(*entry) <= closed_through; ++entry) {
    const SessionId id(std::get<1>(*entry), std::get<2>(*entry));
    if (sessions_.Find(id.first)->at(id.second).changed) ids.insert(id);
  }
  return ids;
}

void SessionStore::AppendRow(SessionId id, Session* session, ViewChanges* changes) {
  RowChange row;
  row.group = static_cast<uint32_t>(changes->groups.size());
  changes->groups.push_back(groups_.key(id.first));
  row.window_start = id.second;
  row.window_end = EndOf(*session);
  row.accepted = session->cell.accepted;
  row.revision = session->revision;
  row.values = session->cell.Values(plan_);
  changes->rows.push_back(std::move(row));
  session->written = true;
  session->changed = false;
  session->urgent = false;
}

void SessionStore::DropRows(EventTime closed_through) {
  for (const SessionId& id : deleted_) groups_.Release(id.first);
  deleted_.clear();
  SessionIds dropped = NewlyClosed(closed_through);
  dropped.insert(fresh_.begin(), fresh_.end());
  fresh_.clear();
  for (const SessionId& id : dropped) {
    Session& session = Find(id);
    const bool closed = EndOf(session) <= closed_through;
    if (plan_.emit == EmitMode::kEachCommit || closed) {
      session.written = true;
      session.changed = false;
    } else {
      // Which of its changes were written nobody knows: it is written again, and deleted if it must
      // be.
      session.written = session.written || session.urgent || plan_.emit == EmitMode::kInterval;
      if (plan_.emit == EmitMode::kInterval) waiting_.insert(id);
    }
    session.urgent = false;
    if (!session.changed) waiting_.erase(id);
  }
  taken_through_ = closed_through;
}

// ---- Eviction, snapshots

void SessionStore::Evict(EventTime unchangeable_through) {
  while (!by_end_.empty() && std::get<0>(*by_end_.begin()) <= unchangeable_through) {
    const SessionId id(std::get<1>(*by_end_.begin()), std::get<2>(*by_end_.begin()));
    Sessions& sessions = sessions_[id.first];
    const auto session = sessions.find(id.second);
    Unlink(id, session->second);
    sessions.erase(session);
    if (sessions.empty()) sessions_.Erase(id.first);
    groups_.Release(id.first);
  }
}

std::unique_ptr<RowImage> SessionStore::Image() const {
  return std::make_unique<SessionImage>(*this);
}

void SessionStore::Restore(const ViewSnapshot& snapshot, const Closes& closes) {
  for (const DeltaCell& delta : snapshot.cells.cells) {
    const uint32_t group = groups_.Intern(snapshot.cells.groups[delta.group]);
    const SessionId id(group, delta.pane);
    Sessions& sessions = sessions_[group];
    const auto part = sessions.find(delta.pane);
    if (part != sessions.end()) {
      // A session whose states are large comes in several parts.
      state_bytes_ -= StatesBytes(part->second.cell.states);
      part->second.cell.Add(plan_, delta.accepted, delta.states);
      state_bytes_ += StatesBytes(part->second.cell.states);
      continue;
    }
    Session session;
    session.last = delta.pane + delta.span;
    session.cell.Add(plan_, delta.accepted, delta.states);
    session.changed = plan_.emit != EmitMode::kEachCommit && EndOf(session) > closes.closed_through;
    session.written = !session.changed || plan_.emit == EmitMode::kInterval;
    if (session.changed && plan_.emit == EmitMode::kInterval) waiting_.insert(id);
    groups_.AddReference(group);
    Insert(id, std::move(session));
  }
  for (const RowRevision& revision : snapshot.revisions) {
    Session& session = Find({groups_.Intern(revision.group), revision.window_start});
    session.revision = revision.revision;
    // Open, it was closed once.
    session.written = true;
  }
  taken_through_ = closes.closed_through;
}

size_t SessionStore::bytes() const {
  return groups_.bytes() + by_end_.size() * kSessionOverhead + state_bytes_;
}

std::vector<EventTime> SessionStore::OpenEnds(EventTime after, EventTime through,
                                              size_t most) const {
  std::vector<EventTime> ends;
  for (auto entry = by_end_.lower_bound({after, 0, kNever});
       entry != by_end_.end() && std::get<0>(*entry) <= through && ends.size() < most; ++entry) {
    if (std::get<0>(*entry) > after) ends.push_back(std::get<0>(*entry));
  }
  return ends;
}

}  // namespace windrow::aggregator
