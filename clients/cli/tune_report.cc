#include "clients/cli/tune_report.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cli/json_text.h"
#include "clients/cli/live_table.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using Measurements = std::vector<TuneMeasurement>;

// Figures closer together than this are taken for the same.
constexpr double kSameLatency = 1.1;
constexpr double kSameRate = 0.95;

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.1f", absl::ToDoubleMilliseconds(duration));
}

std::string Milliseconds(const std::optional<absl::Duration>& duration, const std::string& none) {
  return duration.has_value() ? Milliseconds(*duration) : none;
}

std::string Rate(double rate) { return GroupedNumber(std::llround(rate)); }

// Names and values of one trial, numbers and "" for what is not known: the columns of the CSV and
// the fields of the JSON.
std::vector<std::pair<std::string, std::string>> Figures(const TuneMeasurement& one, bool best) {
  const pipeline::v1::Settings& settings = one.trial.settings;
  return {
      {"parallelism", absl::StrCat(settings.parallelism())},
      {"records_per_second_per_partition",
       absl::StrCat(settings.records_per_second_per_partition())},
      {"records_per_second", absl::StrCat(settings.records_per_second())},
      {"commit_interval_ms",
       absl::StrCat(absl::ToDoubleMilliseconds(ToDuration(settings.commit_interval())))},
      {"fetch_memory_bytes", absl::StrCat(settings.fetch_memory_bytes())},
      {"seconds", absl::StrFormat("%.2f", one.seconds)},
      {"settled", one.settled ? "true" : "false"},
      {"input_rows_per_second", absl::StrFormat("%.1f", one.input_rows_per_second)},
      {"processed_rows_per_second", absl::StrFormat("%.1f", one.processed_rows_per_second)},
      {"latency_p50_ms", Milliseconds(one.latency_p50, "")},
      {"latency_p99_ms", Milliseconds(one.latency_p99, "")},
      {"commit_ms", Milliseconds(one.commit_duration)},
      {"cpu_load", absl::StrFormat("%.3f", one.cpu_load)},
      {"rows_per_cpu_second", absl::StrFormat("%.0f", one.RowsPerCpuSecond())},
      {"resident_bytes", absl::StrCat(one.resident_bytes)},
      {"lag_records_before", absl::StrCat(one.lag_records_before)},
      {"lag_records_after", absl::StrCat(one.lag_records_after)},
      {"keeps_up", one.KeepsUp() ? "true" : "false"},
      {"pause_ms", Milliseconds(one.pause)},
      {"recommended", best ? "true" : "false"},
  };
}

// Of the candidates, the one with the least processor time.
size_t Cheapest(const Measurements& measurements, const std::vector<size_t>& candidates) {
  return *std::min_element(candidates.begin(), candidates.end(), [&](size_t a, size_t b) {
    return measurements[a].cpu_load < measurements[b].cpu_load;
  });
}

std::vector<size_t> Among(const Measurements& measurements,
                          bool (*wanted)(const TuneMeasurement& measurement)) {
  std::vector<size_t> found;
  for (size_t i = 0; i < measurements.size(); ++i) {
    if (wanted(measurements[i])) found.push_back(i);
  }
  return found;
}

TuneAdvice AdviseLatency(const Measurements& measurements, const std::vector<size_t>& able) {
  absl::Duration least = absl::InfiniteDuration();
  for (const size_t i : able) least = std::min(least, *measurements[i].latency_p99);
  std::vector<size_t> equal;
  for (const size_t i : able) {
    if (*measurements[i].latency_p99 <= least * kSameLatency) equal.push_back(i);
  }
  TuneAdvice advice;
  advice.best = Cheapest(measurements, equal);
  const TuneMeasurement& best = measurements[*advice.best];
  advice.reason = absl::StrCat(
      best.trial.name, ": keeps up with the input of ", Rate(best.input_rows_per_second),
      " rows/s at a p99 latency of ", Milliseconds(best.latency_p99, "-"), " ms, ",
      equal.size() == 1 ? "the lowest of those that keep up"
                        : absl::StrCat("within a tenth of the lowest, with the least processor "
                                       "time of the ",
                                       equal.size(), " that reach this"));
  return advice;
}

TuneAdvice AdviseRate(const Measurements& measurements, const std::vector<size_t>& able) {
  double most = 0;
  for (const size_t i : able) {
    most = std::max(most, measurements[i].processed_rows_per_second);
  }
  std::vector<size_t> equal;
  for (const size_t i : able) {
    if (measurements[i].processed_rows_per_second >= most * kSameRate) equal.push_back(i);
  }
  TuneAdvice advice;
  advice.best = Cheapest(measurements, equal);
  const TuneMeasurement& best = measurements[*advice.best];
  advice.reason = absl::StrCat(
      best.trial.name, ": no trial keeps up with its input for good, and this one reads ",
      Rate(best.processed_rows_per_second), " rows/s, ",
      equal.size() == 1 ? "more than any other"
                        : absl::StrCat("within a twentieth of the most, with the least processor "
                                       "time of the ",
                                       equal.size(), " that reach this"));
  return advice;
}

}  // namespace

bool TuneMeasurement::KeepsUp() const {
  // At the end, no more than half a second of input waits, and it does not grow by that either.
  const double half_a_second = std::max(input_rows_per_second, processed_rows_per_second) / 2;
  return HadInput() && static_cast<double>(lag_records_after) <= half_a_second;
}

TuneAdvice Advise(const Measurements& measurements) {
  const std::vector<size_t> keeping_up = Among(measurements, [](const TuneMeasurement& one) {
    return one.KeepsUp() && one.latency_p99.has_value();
  });
  if (!keeping_up.empty()) return AdviseLatency(measurements, keeping_up);
  const std::vector<size_t> busy =
      Among(measurements, [](const TuneMeasurement& one) { return one.HadInput(); });
  if (!busy.empty()) return AdviseRate(measurements, busy);
  return {std::nullopt, "there was no input: start some, as with `windrow producer start`"};
}

std::string TuneTable(const Measurements& measurements, const TuneAdvice& advice) {
  constexpr auto kRight = TextTable::Align::kRight;
  TextTable table({{"TRIAL"},
                   {"ROWS/S", kRight},
                   {"INPUT/S", kRight},
                   {"P50 MS", kRight},
                   {"P99 MS", kRight},
                   {"COMMIT MS", kRight},
                   {"CPU", kRight},
                   {"ROWS/CPU-S", kRight},
                   {"MB", kRight},
                   {"LAG", kRight},
                   {"PAUSE MS", kRight},
                   {""}});
  for (size_t i = 0; i < measurements.size(); ++i) {
    const TuneMeasurement& one = measurements[i];
    std::vector<std::string> notes;
    if (advice.best == i) notes.push_back("<- best");
    if (!one.HadInput()) notes.push_back("no input");
    if (!one.settled && one.HadInput()) notes.push_back("not steady");
    table.Add({one.trial.name, Rate(one.processed_rows_per_second), Rate(one.input_rows_per_second),
               Milliseconds(one.latency_p50, "-"), Milliseconds(one.latency_p99, "-"),
               Milliseconds(one.commit_duration), absl::StrFormat("%.2f", one.cpu_load),
               Rate(one.RowsPerCpuSecond()), absl::StrCat(one.resident_bytes / 1'000'000),
               GroupedNumber(one.lag_records_after), Milliseconds(one.pause),
               absl::StrJoin(notes, ", ")});
  }
  return absl::StrCat(table.Text(), "\n",
                      advice.best.has_value() ? "Best: " : "No advice: ", advice.reason, ".\n");
}

std::string TuneCsv(const Measurements& measurements, const TuneAdvice& advice) {
  std::string csv;
  for (size_t i = 0; i < measurements.size(); ++i) {
    const auto figures = Figures(measurements[i], advice.best == i);
    const auto name = [](std::string* out, const auto& figure) { out->append(figure.first); };
    const auto value = [](std::string* out, const auto& figure) { out->append(figure.second); };
    if (i == 0) absl::StrAppend(&csv, absl::StrJoin(figures, ",", name), "\r\n");
    absl::StrAppend(&csv, absl::StrJoin(figures, ",", value), "\r\n");
  }
  return csv;
}

std::string TuneJson(const Measurements& measurements, const TuneAdvice& advice) {
  std::string json = "{\"trials\":[";
  for (size_t i = 0; i < measurements.size(); ++i) {
    if (i > 0) json += ',';
    json += "{\"name\":";
    AppendJsonString(measurements[i].trial.name, &json);
    for (const auto& [name, value] : Figures(measurements[i], advice.best == i)) {
      absl::StrAppend(&json, ",\"", name, "\":", value.empty() ? "null" : value);
    }
    json += '}';
  }
  json += "],\"recommendation\":{\"trial\":";
  if (advice.best.has_value()) {
    AppendJsonString(measurements[*advice.best].trial.name, &json);
  } else {
    json += "null";
  }
  json += ",\"reason\":";
  AppendJsonString(advice.reason, &json);
  return json + "}}";
}

}  // namespace windrow::cli
