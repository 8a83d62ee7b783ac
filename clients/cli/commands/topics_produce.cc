#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/json_text.h"
#include "clients/cli/line_reader.h"
#include "clients/cli/listing.h"
#include "clients/cli/progress_bar.h"
#include "services/platform/kafka/record_headers.h"
#include "services/platform/kafka/record_producer.h"
#include "services/platform/runtime/termination.h"
#include "simdjson.h"

namespace windrow::cli {
namespace {

constexpr absl::Duration kSlice = absl::Milliseconds(100);
constexpr absl::Duration kLook = absl::Milliseconds(5);
// For acknowledgements after Ctrl-C.
constexpr absl::Duration kPatience = absl::Seconds(5);

struct ProduceOptions {
  std::string topic;
  std::string file;
  std::string input = "json";
  std::vector<std::string> header_texts;
  kafka::RecordHeaders headers;
  int64_t partition = -1;
  double rate = 0;
  std::string format = "json";
};

// What a line is to become; the key is null when it has none.
struct KeyAndValue {
  absl::string_view key;
  absl::string_view value;
};

// The input: a file, or standard input.
class Input {
 public:
  static absl::StatusOr<std::unique_ptr<Input>> Open(const std::string& path) {
    if (path.empty() || path == "-") return std::unique_ptr<Input>(new Input(STDIN_FILENO));
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      return absl::NotFoundError(absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
    }
    return std::unique_ptr<Input>(new Input(descriptor));
  }
  ~Input() {
    if (descriptor_ != STDIN_FILENO) close(descriptor_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  explicit Input(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

// Sends lines, and waits until they are acknowledged.
class Producing {
 public:
  Producing(const ProduceOptions& options, kafka::RecordProducer* producer, int descriptor)
      : options_(options), producer_(*producer), lines_(descriptor), begin_(absl::Now()) {}

  absl::Status Run() {
    ProgressBar bar(absl::StrCat("to ", options_.topic, ":"), "records acknowledged");
    absl::Status status = SendAll(&bar);
    // What has been sent before a wrong line is waited for, too, so that the user knows what is
    // there.
    const absl::Status delivered = AwaitDelivery(&bar);
    return delivered.ok() ? status : delivered;
  }

  int64_t sent() const { return sent_; }

 private:
  absl::Status SendAll(ProgressBar* bar) {
    std::string line;
    while (true) {
      bar->Update(producer_.records_acknowledged(), 0);
      if (runtime::WaitForTermination(absl::ZeroDuration())) return Interrupted();
      const absl::StatusOr<LineReader::Next> next = lines_.Read(kSlice, &line);
      if (!next.ok()) return next.status();
      if (*next == LineReader::Next::kEnd) return absl::OkStatus();
      if (*next == LineReader::Next::kNothingYet) continue;
      if (line.empty() && options_.input == "json") continue;
      absl::Status status = SendLine(line, bar);
      if (!status.ok()) return status;
    }
  }

  absl::Status SendLine(const std::string& line, ProgressBar* bar) {
    const absl::StatusOr<KeyAndValue> record = Parse(line);
    if (!record.ok()) return record.status();
    while (options_.rate > 0) {
      const absl::Duration wait =
          begin_ + absl::Seconds(static_cast<double>(sent_) / options_.rate) - absl::Now();
      if (wait <= absl::ZeroDuration()) break;
      if (runtime::WaitForTermination(std::min(wait, kSlice))) return Interrupted();
      bar->Update(producer_.records_acknowledged(), 0);
    }
    while (true) {
      const absl::Status status =
          producer_.Send(options_.topic, static_cast<int>(options_.partition), record->key,
                         record->value, kSlice, lines_.number(), options_.headers);
      if (status.ok()) break;
      // Of an earlier record, whose delivery AwaitDelivery tells of.
      if (producer_.failed_mark() >= 0) return Failed();
      if (!absl::IsDeadlineExceeded(status)) return Named(lines_.number(), status);
      if (runtime::WaitForTermination(absl::ZeroDuration())) return Interrupted();
      bar->Update(producer_.records_acknowledged(), 0);
    }
    ++sent_;
    return absl::OkStatus();
  }

  absl::StatusOr<KeyAndValue> Parse(const std::string& line) {
    if (options_.input == "text") return KeyAndValue{{}, line};
    if (options_.input == "keyed") {
      const size_t tab = line.find('\t');
      if (tab == std::string::npos) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", lines_.number(), " has no tab between a key and a value"));
      }
      const absl::string_view all = line;
      return KeyAndValue{all.substr(0, tab), all.substr(tab + 1)};
    }
    simdjson::dom::element ignored;
    const auto error = parser_.parse(line).get(ignored);
    if (error != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", lines_.number(), " is not JSON: ", simdjson::error_message(error),
                       " (--input text takes any line)"));
    }
    return KeyAndValue{{}, line};
  }

  absl::Status AwaitDelivery(ProgressBar* bar) {
    while (producer_.records_acknowledged() < sent_) {
      if (producer_.failed_mark() >= 0) return Failed();
      bar->Update(producer_.records_acknowledged(), sent_);
      if (GivesUp()) return Interrupted();
    }
    return absl::OkStatus();
  }

  // Waits a little; after a signal, whether what was sent has had its time. Another signal ends the
  // program at once.
  bool GivesUp() {
    absl::SleepFor(kLook);
    if (!runtime::WaitForTermination(absl::ZeroDuration())) return false;
    if (!give_up_at_.has_value()) give_up_at_ = absl::Now() + kPatience;
    return absl::Now() > *give_up_at_;
  }

  absl::Status Failed() {
    return Named(producer_.failed_mark(), producer_.Flush(absl::ZeroDuration()));
  }

  static absl::Status Named(int64_t line, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("line ", line, ": ", status.message()));
  }

  const ProduceOptions& options_;
  kafka::RecordProducer& producer_;
  LineReader lines_;
  const absl::Time begin_;
  simdjson::dom::parser parser_;
  int64_t sent_ = 0;
  std::optional<absl::Time> give_up_at_;
};

absl::Status ReadHeaders(ProduceOptions* options) {
  options->headers.clear();
  for (const std::string& text : options->header_texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrCat("--header ", text, ": NAME=VALUE is needed"));
    }
    options->headers.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return absl::OkStatus();
}

absl::Status Check(Session& session, const ProduceOptions& options) {
  if (options.rate < 0) return UsageError("--rate must not be negative");
  absl::StatusOr<TopicClient> client = TopicClient::Connect(session);
  if (!client.ok()) return client.status();
  const absl::StatusOr<TopicSize> topic = client->Topic(options.topic);
  if (!topic.ok()) return topic.status();
  const auto partitions = static_cast<int64_t>(topic->partitions.size());
  if (options.partition < -1 || options.partition >= partitions) {
    return UsageError(absl::StrCat("--partition ", options.partition, ": topic ", options.topic,
                                   " has partitions 0 to ", partitions - 1));
  }
  return absl::OkStatus();
}

absl::Status Run(Session& session, ProduceOptions& options) {
  absl::Status status = ReadHeaders(&options);
  if (!status.ok()) return status;
  runtime::BlockTerminationSignals();
  status = Check(session, options);
  if (!status.ok()) return status;
  const absl::StatusOr<std::unique_ptr<Input>> input = Input::Open(options.file);
  if (!input.ok()) return input.status();
  const auto producer = kafka::RecordProducer::Create(session.KafkaClient());
  if (!producer.ok()) return producer.status();
  Producing producing(options, producer->get(), (*input)->descriptor());
  status = producing.Run();
  std::string json = "{\"topic\":";
  AppendJsonString(options.topic, &json);
  absl::StrAppend(&json, ",\"records\":", (*producer)->records_acknowledged(),
                  ",\"bytes\":", (*producer)->bytes_acknowledged(), "}");
  PrintJsonRecord(options.format, json);
  return status;
}

}  // namespace

void AddTopicsProduce(CommandLine* line) {
  line->Add(
      "topics produce",
      "Sends lines to a topic, waits until they are acknowledged, and tells how many are; stops "
      "at the first line that cannot be sent, and names it",
      [](Command& command) {
        const auto options = std::make_shared<ProduceOptions>();
        command.Argument("TOPIC", &options->topic, "Its name; it must exist");
        command.Option("--file", &options->file, "File to read; standard input if empty");
        command.Choice("--input", &options->input, {"json", "keyed", "text"},
                       "What a line is: a JSON value, checked (empty lines are skipped); a key, a "
                       "tab and a value; or a value as it is");
        command.Option("--partition", &options->partition,
                       "Partition to send to; -1 chooses by the key, or by chance without one");
        command.Option("--header", &options->header_texts,
                       "NAME=VALUE, of each record; may be given several times");
        command.Option("--rate", &options->rate, "Most records per second; 0 for no limit");
        command.Output(&options->format);
        command.Examples(
            "  windrow topics produce calls --file calls.ndjson --rate 500\n"
            "  printf 'a\\t1\\nb\\t2\\n' | windrow topics produce test --input keyed");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
