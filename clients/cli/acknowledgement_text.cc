#include "clients/cli/acknowledgement_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cli/json_text.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

void AppendNames(const std::vector<std::string>& names, std::string* json) {
  *json += '[';
  for (const std::string& name : names) {
    if (json->back() != '[') *json += ',';
    AppendJsonString(name, json);
  }
  *json += ']';
}

}  // namespace

std::string Acknowledgements::Text() const {
  std::vector<std::string> clauses;
  std::vector<std::string> names;
  for (const aggregator::v1::Acknowledgement& one : applied) {
    const double pause = absl::ToDoubleSeconds(ToDuration(one.pause()));
    names.push_back(Printable(one.replica()));
    if (pause > 0) absl::StrAppendFormat(&names.back(), " (%.2f s without partitions)", pause);
  }
  if (!names.empty()) clauses.push_back("applied by " + absl::StrJoin(names, ", "));
  names.clear();
  for (const std::string& name : missing) names.push_back(Printable(name));
  if (!names.empty()) clauses.push_back("not yet by " + absl::StrJoin(names, ", "));
  return absl::StrJoin(clauses, "; ");
}

std::string Acknowledgements::JsonMembers() const {
  std::vector<std::string> names;
  for (const aggregator::v1::Acknowledgement& one : applied) names.push_back(one.replica());
  std::string json = ",\"applied_by\":";
  AppendNames(names, &json);
  json += ",\"missing\":";
  AppendNames(missing, &json);
  return json;
}

}  // namespace windrow::cli
