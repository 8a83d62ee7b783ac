#include "services/producer/source/dataset_splitter.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace windrow::producer {
namespace {

constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";
// A first line that is longer is not waited for: then the stream is an array.
constexpr size_t kMaxHeadBytes = 1 << 20;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The bytes that matter outside of strings.
std::array<bool, 256> StructuralBytes() {
  std::array<bool, 256> bytes{};
  for (unsigned char c : {'"', ',', '{', '}', '[', ']'}) bytes[c] = true;
  return bytes;
}

size_t SkipBlanks(absl::string_view text, size_t position) {
  while (position < text.size() && IsBlank(text[position])) ++position;
  return position;
}

absl::string_view WithoutTrailingBlanks(absl::string_view text) {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsAllBlank(absl::string_view text) { return SkipBlanks(text, 0) == text.size(); }

// Whether a line begins an object or array that it does not end.
bool IsCutShort(absl::string_view line) {
  const size_t begin = SkipBlanks(line, 0);
  if (begin == line.size() || (line[begin] != '{' && line[begin] != '[')) return false;
  int depth = 0;
  bool in_string = false;
  for (size_t i = begin; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
  }
  return in_string || depth > 0;
}

}  // namespace

void DatasetSplitter::Feed(absl::string_view chunk) {
  if (form_ == Form::kUnknown) {
    head_.append(chunk.data(), chunk.size());
    return;
  }
  input_offset_ += static_cast<int64_t>(input_.size());
  input_ = chunk;
  position_ = 0;
  record_begin_ = 0;
}

absl::StatusOr<bool> DatasetSplitter::Next(Record* record) {
  if (form_ == Form::kUnknown) FindForm();
  switch (form_) {
    case Form::kUnknown:
      return false;
    case Form::kArray:
      return NextElement(record);
    case Form::kLines:
      return NextLine(record);
    case Form::kAfterArray:
      break;
  }
  if (absl::Status status = CheckAfterArray(); !status.ok()) return status;
  return false;
}

void DatasetSplitter::FindForm() {
  const absl::string_view head = head_;
  const bool at_start = input_offset_ == 0;
  if (at_start && !finished_ && head.size() < kByteOrderMark.size()) return;
  const bool marked = at_start && head.substr(0, kByteOrderMark.size()) == kByteOrderMark;
  const size_t begin = marked ? kByteOrderMark.size() : 0;
  const size_t first = SkipBlanks(head, begin);
  if (first == head.size()) {
    input_offset_ += static_cast<int64_t>(head.size());
    head_.clear();
    if (finished_) form_ = Form::kLines;
    return;
  }
  form_ = head[first] == '[' ? FormOfBracket(first) : Form::kLines;
  if (form_ == Form::kUnknown) return;
  input_ = head_;
  position_ = form_ == Form::kArray ? first + 1 : begin;
}

DatasetSplitter::Form DatasetSplitter::FormOfBracket(size_t bracket) const {
  const absl::string_view head = head_;
  const size_t first = SkipBlanks(head, bracket + 1);
  const size_t line_end = head.find('\n', bracket);
  const bool undecided = !finished_ && head.size() < kMaxHeadBytes;
  if (first == head.size()) return undecided ? Form::kUnknown : Form::kArray;
  if (head[first] == '{' || line_end < first) return Form::kArray;
  if (line_end == absl::string_view::npos) return undecided ? Form::kUnknown : Form::kArray;
  const absl::string_view line = head.substr(bracket, line_end - bracket);
  if (WithoutTrailingBlanks(line).back() != ']') return Form::kArray;
  const size_t next = SkipBlanks(head, line_end);
  if (next == head.size()) return undecided ? Form::kUnknown : Form::kArray;
  return head[next] == ',' || head[next] == ']' ? Form::kArray : Form::kLines;
}

absl::StatusOr<bool> DatasetSplitter::NextElement(Record* record) {
  static const std::array<bool, 256> kStructural = StructuralBytes();
  while (true) {
    if (record_offset_ < 0) {
      position_ = SkipBlanks(input_, position_);
      record_begin_ = position_;
      if (position_ < input_.size()) record_offset_ = OffsetOf(position_);
    }
    if (in_string_) SkipString();
    while (position_ < input_.size() &&
           !kStructural[static_cast<unsigned char>(input_[position_])]) {
      ++position_;
    }
    if (position_ >= input_.size()) break;
    const char c = input_[position_];
    if (!EndsElement(c)) {
      ++position_;
      continue;
    }
    *record = {WithoutTrailingBlanks(Joined(record_begin_, position_)), record_offset_};
    ++position_;
    record_offset_ = -1;
    if (c == ']') form_ = Form::kAfterArray;
    if (!record->text.empty()) return true;
    if (form_ == Form::kAfterArray) return Next(record);
  }
  if (finished_) return EndInsideArray();
  if (record_offset_ < 0) return false;
  if (absl::Status status = Keep(record_begin_); !status.ok()) return status;
  return false;
}

bool DatasetSplitter::EndsElement(char c) {
  switch (c) {
    case '"':
      in_string_ = true;
      return false;
    case '{':
    case '[':
      ++depth_;
      return false;
    case '}':
    case ']':
      if (depth_ == 0) return c == ']';
      --depth_;
      return false;
    default:
      return depth_ == 0;
  }
}

// Byte by byte: most strings are a dozen bytes long, and a string of escapes stays linear.
void DatasetSplitter::SkipString() {
  for (; position_ < input_.size(); ++position_) {
    const char c = input_[position_];
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      ++position_;
      return;
    }
  }
}

absl::StatusOr<bool> DatasetSplitter::NextLine(Record* record) {
  while (position_ < input_.size()) {
    const size_t begin = position_;
    if (record_offset_ < 0) record_offset_ = OffsetOf(begin);
    const size_t end = input_.find('\n', begin);
    if (end == absl::string_view::npos) {
      position_ = input_.size();
      if (absl::Status status = Keep(begin); !status.ok()) return status;
      break;
    }
    *record = {Joined(begin, end), record_offset_};
    position_ = end + 1;
    record_offset_ = -1;
    if (IsAllBlank(record->text)) continue;
    if (record->text.back() == '\r') record->text.remove_suffix(1);
    return true;
  }
  return finished_ ? LastLine(record) : false;
}

// The line that no line break ends.
absl::StatusOr<bool> DatasetSplitter::LastLine(Record* record) {
  if (record_offset_ < 0) return false;
  const int64_t offset = record_offset_;
  record_offset_ = -1;
  joined_.swap(kept_);
  kept_.clear();
  if (IsAllBlank(joined_)) return false;
  if (IsCutShort(joined_)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the dataset is cut short: it ends at byte ", OffsetOf(input_.size()),
                     ", inside the record that begins at byte ", offset));
  }
  *record = {joined_, offset};
  if (record->text.back() == '\r') record->text.remove_suffix(1);
  return true;
}

absl::Status DatasetSplitter::CheckAfterArray() {
  position_ = SkipBlanks(input_, position_);
  if (position_ == input_.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the dataset goes on at byte ", OffsetOf(position_),
      " after the end of its JSON array; it must be one array, or one record per line"));
}

absl::Status DatasetSplitter::EndInsideArray() const {
  const int64_t end = OffsetOf(input_.size());
  if (record_offset_ < 0) {
    return absl::InvalidArgumentError(absl::StrCat("the dataset is cut short: it ends at byte ",
                                                   end, ", before the ']' of its array"));
  }
  return absl::InvalidArgumentError(absl::StrCat("the dataset is cut short: it ends at byte ", end,
                                                 ", inside the record that begins at byte ",
                                                 record_offset_));
}

absl::string_view DatasetSplitter::Joined(size_t begin, size_t end) {
  const absl::string_view tail = input_.substr(begin, end - begin);
  if (kept_.empty()) return tail;
  joined_.swap(kept_);
  kept_.clear();
  joined_.append(tail.data(), tail.size());
  return joined_;
}

absl::Status DatasetSplitter::Keep(size_t begin) {
  const absl::string_view tail = input_.substr(begin);
  record_begin_ = input_.size();
  if (kept_.size() + tail.size() > kMaxRecordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the record that begins at byte ", record_offset_, " of the dataset is over ",
                     kMaxRecordBytes, " bytes long, or a quotation mark or bracket is missing"));
  }
  kept_.append(tail.data(), tail.size());
  return absl::OkStatus();
}

}  // namespace windrow::producer
