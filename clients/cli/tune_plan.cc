#include "clients/cli/tune_plan.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "clients/cli/session.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using pipeline::v1::Settings;

constexpr int64_t kBytesPerMegabyte = 1'000'000;

bool SetCommitInterval(absl::string_view value, Settings* settings) {
  absl::Duration interval;
  if (!absl::ParseDuration(value, &interval) || interval < absl::ZeroDuration()) return false;
  *settings->mutable_commit_interval() = ToProtoDuration(interval);
  return true;
}

// Sets the field at `path`; false when the value is none of its kind. The service knows the limits.
bool SetSetting(absl::string_view path, absl::string_view value, Settings* settings) {
  if (path == "commit_interval") return SetCommitInterval(value, settings);
  int64_t number = 0;
  if (value != "none" && (!absl::SimpleAtoi(value, &number) || number < 0)) return false;
  if (path == "parallelism") {
    if (number < 1 || number > 64) return false;
    settings->set_parallelism(static_cast<int32_t>(number));
  } else if (path == "records_per_second_per_partition") {
    settings->set_records_per_second_per_partition(number);
  } else if (path == "records_per_second") {
    settings->set_records_per_second(number);
  } else {
    if (number > 10'000) return false;
    settings->set_fetch_memory_bytes(number * kBytesPerMegabyte);
  }
  return true;
}

std::string Label(absl::string_view path) {
  if (path == "records_per_second_per_partition") return "rate per partition";
  if (path == "records_per_second") return "total rate";
  if (path == "commit_interval") return "commit interval";
  if (path == "fetch_memory_bytes") return "fetch memory MB";
  return std::string(path);
}

void AddTrial(TuneTrial trial, std::vector<TuneTrial>* trials) {
  const bool known = std::any_of(trials->begin(), trials->end(), [&](const TuneTrial& other) {
    return google::protobuf::util::MessageDifferencer::Equals(other.settings, trial.settings);
  });
  if (!known) trials->push_back(std::move(trial));
}

TuneTrial Vary(const TuneTrial& trial, const TuneFactor& factor, const std::string& value) {
  TuneTrial varied = trial;
  SetSetting(factor.path, value, &varied.settings);
  absl::StrAppend(&varied.name, varied.name.empty() ? "" : ", ", Label(factor.path), " ", value);
  return varied;
}

std::vector<TuneTrial> Grid(const TuneTrial& base, const std::vector<TuneFactor>& factors) {
  std::vector<TuneTrial> trials = {base};
  for (const TuneFactor& factor : factors) {
    std::vector<TuneTrial> wider;
    for (const TuneTrial& trial : trials) {
      for (const std::string& value : factor.values) {
        wider.push_back(Vary(trial, factor, value));
        if (wider.size() > 2 * kMostTrials) return wider;
      }
    }
    trials = std::move(wider);
  }
  return trials;
}

}  // namespace

absl::StatusOr<TuneFactor> ParseTuneFactor(absl::string_view path, absl::string_view values) {
  TuneFactor factor{std::string(path), absl::StrSplit(values, ',')};
  for (const std::string& value : factor.values) {
    Settings ignored;
    if (!SetSetting(path, value, &ignored)) {
      return UsageError(absl::StrCat("\"", value, "\" is no value for the ", Label(path)));
    }
  }
  return factor;
}

absl::StatusOr<std::vector<TuneTrial>> PlanTrials(const Settings& now,
                                                  const std::vector<TuneFactor>& factors,
                                                  bool grid) {
  std::vector<TuneTrial> trials = {{now, "as it is"}};
  if (grid) {
    for (TuneTrial& trial : Grid({now, ""}, factors)) AddTrial(std::move(trial), &trials);
  } else {
    for (const TuneFactor& factor : factors) {
      for (const std::string& value : factor.values) {
        AddTrial(Vary({now, ""}, factor, value), &trials);
      }
    }
  }
  if (trials.size() > kMostTrials) {
    return UsageError(absl::StrCat("these are more than ", kMostTrials,
                                   " trials: name fewer values",
                                   grid ? ", or leave out --grid" : ""));
  }
  return trials;
}

std::string TuneValueText(const Settings& settings, absl::string_view path) {
  const auto limit = [](int64_t value) {
    return value == 0 ? std::string("none") : absl::StrCat(value);
  };
  if (path == "parallelism") return absl::StrCat(settings.parallelism());
  if (path == "records_per_second_per_partition") {
    return limit(settings.records_per_second_per_partition());
  }
  if (path == "records_per_second") return limit(settings.records_per_second());
  if (path == "commit_interval") {
    return absl::FormatDuration(ToDuration(settings.commit_interval()));
  }
  return settings.fetch_memory_bytes() == 0
             ? "default"
             : absl::StrCat(settings.fetch_memory_bytes() / kBytesPerMegabyte);
}

void CopySetting(const Settings& from, absl::string_view path, Settings* to) {
  if (path == "parallelism") to->set_parallelism(from.parallelism());
  if (path == "records_per_second_per_partition") {
    to->set_records_per_second_per_partition(from.records_per_second_per_partition());
  }
  if (path == "records_per_second") to->set_records_per_second(from.records_per_second());
  if (path == "commit_interval") *to->mutable_commit_interval() = from.commit_interval();
  if (path == "fetch_memory_bytes") to->set_fetch_memory_bytes(from.fetch_memory_bytes());
}

}  // namespace windrow::cli
