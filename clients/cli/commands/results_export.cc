#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/result_line.h"
#include "clients/cli/result_pages.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::Result;

struct ExportOptions {
  std::string dir;
  std::string format = "table";
};

// A file that gets its name when it is complete: readers see all of it or nothing. One thread.
class ExportFile {
 public:
  explicit ExportFile(const std::string& path)
      : path_(path),
        part_(absl::StrCat(path, ".part.", getpid())),
        file_(std::fopen(part_.c_str(), "we")) {}
  ~ExportFile() {
    if (file_ == nullptr) return;
    std::fclose(file_);
    std::remove(part_.c_str());
  }
  ExportFile(const ExportFile&) = delete;
  ExportFile& operator=(const ExportFile&) = delete;

  // Errors are kept by the file, and told by Finish.
  void WriteLine(const std::string& line) {
    if (file_ == nullptr) return;
    std::fwrite(line.data(), 1, line.size(), file_);
    std::fputc('\n', file_);
  }

  absl::Status Finish() {
    if (file_ == nullptr || std::ferror(file_) != 0 || std::fflush(file_) != 0 ||
        fsync(fileno(file_)) != 0 || std::rename(part_.c_str(), path_.c_str()) != 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot write ", path_, ": ", std::strerror(errno)));
    }
    std::fclose(std::exchange(file_, nullptr));
    return absl::OkStatus();
  }

 private:
  const std::string path_;
  const std::string part_;
  std::FILE* file_;
};

// The rows of one window at a time, each window sorted.
class SortedExport {
 public:
  explicit SortedExport(ExportFile* file) : file_(file) {}

  void Add(const Result& row) {
    if (!window_.empty() && row.window_start_time().SerializeAsString() !=
                                window_.front().window_start_time().SerializeAsString()) {
      WriteWindow();
    }
    window_.push_back(row);
  }

  void WriteWindow() {
    std::sort(window_.begin(), window_.end(), ResultBefore);
    for (const Result& row : window_) file_->WriteLine(ResultLine(row));
    rows_ += static_cast<int64_t>(window_.size());
    window_.clear();
  }

  int64_t rows() const { return rows_; }

 private:
  ExportFile* const file_;
  std::vector<Result> window_;
  int64_t rows_ = 0;
};

// Returns the number of rows.
absl::StatusOr<int64_t> ExportView(ResultPages& pages, const std::string& view,
                                   const std::string& path) {
  ExportFile file(path);
  SortedExport rows(&file);
  query::v1::ListResultsRequest request;
  request.set_parent(view);
  absl::Status status =
      pages.ForEachResult(std::move(request), 0, [&rows](const Result& row) { rows.Add(row); });
  if (!status.ok()) return status;
  rows.WriteWindow();
  status = file.Finish();
  if (!status.ok()) return status;
  return rows.rows();
}

std::string FileJson(const std::string& view, const std::string& path, int64_t rows) {
  std::string json = "{\"view\":";
  AppendJsonString(view, &json);
  absl::StrAppend(&json, ",\"file\":");
  AppendJsonString(path, &json);
  absl::StrAppend(&json, ",\"rows\":", rows, "}");
  return json;
}

absl::Status Run(Session& session, const ExportOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.dir, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot create ", options.dir, ": ", error.message()));
  }
  ResultPages pages(&session);
  const absl::StatusOr<std::vector<query::v1::View>> views = pages.Views(session.PipelineName());
  if (!views.ok()) return views.status();
  if (views->empty()) {
    return absl::NotFoundError(absl::StrCat("the query service knows no view of ",
                                            session.PipelineName(),
                                            "; `windrow pipelines list` names the pipelines"));
  }
  Listing files(options.format, {{"VIEW"}, {"FILE"}, {"ROWS", TextTable::Align::kRight}});
  for (const query::v1::View& view : *views) {
    const std::string id = view.name().substr(view.name().rfind('/') + 1);
    const std::string path = (std::filesystem::path(options.dir) / (id + ".ndjson")).string();
    const absl::StatusOr<int64_t> rows = ExportView(pages, view.name(), path);
    if (!rows.ok()) {
      files.Finish();
      return rows.status();
    }
    files.AddJson(FileJson(id, path, *rows), [&] {
      return std::vector<std::string>{id, path, GroupedNumber(*rows)};
    });
  }
  files.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddResultsExport(CommandLine* line) {
  line->Add(
      "results export", "Writes DIR/<view>.ndjson for every view of the pipeline, one row a line",
      [](Command& command) {
        const auto options = std::make_shared<ExportOptions>();
        command.Option("--dir", &options->dir, "Folder to write to; created when it is missing");
        command.Require("--dir");
        command.Output(&options->format, {},
                       "How to print which files were written, and how many rows");
        command.Examples("  windrow results export --dir /tmp/windows");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
