#include "clients/cli/window_board.h"

#include <algorithm>
#include <limits>

#include "clients/cli/json_text.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using Fields = google::protobuf::RepeatedPtrField<results::v1::Field>;

std::vector<const results::v1::Field*> Pointers(const Fields& fields) {
  std::vector<const results::v1::Field*> pointers;
  for (const auto& field : fields) pointers.push_back(&field);
  return pointers;
}

std::vector<std::string> Names(const std::vector<const results::v1::Field*>& fields) {
  std::vector<std::string> names;
  for (const auto* field : fields) names.push_back(Printable(field->name()));
  return names;
}

std::vector<std::string> Values(const std::vector<const results::v1::Field*>& fields) {
  std::vector<std::string> values;
  for (const auto* field : fields) values.push_back(PlainValue(*field));
  return values;
}

// Tells null from the text "-".
std::vector<std::string> GroupKey(const Fields& fields) {
  std::vector<std::string> key;
  for (const auto& field : fields) key.push_back(field.SerializeAsString());
  return key;
}

}  // namespace

void WindowBoard::Clear() {
  windows_.clear();
  closed_through_ = absl::InfinitePast();
}

void WindowBoard::Apply(const query::v1::Result& result) {
  const auto group = Pointers(result.group());
  const auto values = Pointers(result.values());
  group_names_ = Names(group);
  value_names_ = Names(values);
  Entry& entry = windows_[ToTime(result.window_start_time())];
  entry.end = ToTime(result.window_end_time());
  entry.rows[GroupKey(result.group())] = {Values(group), Values(values), result.accepted(),
                                          result.revision(), Rank(result)};
  if (windows_.size() > max_windows_) windows_.erase(windows_.begin());
}

void WindowBoard::Retract(const query::v1::Result& result) {
  const auto entry = windows_.find(ToTime(result.window_start_time()));
  if (entry == windows_.end()) return;
  entry->second.rows.erase(GroupKey(result.group()));
  if (entry->second.rows.empty()) windows_.erase(entry);
}

double WindowBoard::Rank(const query::v1::Result& result) const {
  if (order_by_.empty()) return static_cast<double>(result.accepted());
  for (const results::v1::Field& field : result.values()) {
    if (field.name() != order_by_) continue;
    if (field.has_int_value()) return static_cast<double>(field.int_value());
    if (field.has_double_value()) return field.double_value();
  }
  return -std::numeric_limits<double>::infinity();
}

void WindowBoard::CloseThrough(absl::Time time) {
  closed_through_ = std::max(closed_through_, time);
}

std::vector<WindowBoard::Window> WindowBoard::Newest(bool final, size_t count) const {
  std::vector<Window> newest;
  for (auto it = windows_.rbegin(); it != windows_.rend() && newest.size() < count; ++it) {
    if ((it->second.end <= closed_through_) == final) {
      newest.push_back(Snapshot(it->first, it->second));
    }
  }
  return newest;
}

WindowBoard::Window WindowBoard::Snapshot(absl::Time start, const Entry& entry) const {
  Window window;
  window.start = start;
  window.end = entry.end;
  window.final = entry.end <= closed_through_;
  for (const auto& [key, row] : entry.rows) {
    window.accepted += row.accepted;
    window.rows.push_back(row);
  }
  std::sort(window.rows.begin(), window.rows.end(), [](const Row& left, const Row& right) {
    return std::make_pair(-left.rank, left.group) < std::make_pair(-right.rank, right.group);
  });
  return window;
}

}  // namespace windrow::cli
