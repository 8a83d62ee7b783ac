#include "services/query/sink/feed_readers.h"

#include "services/query/core/ordered_bytes.h"

namespace windrow::query {

std::shared_ptr<FeedReader> FeedReaders::Get(const ResultStore* store, FeedSelection selection) {
  std::string wanted;
  AppendText(&wanted, selection.view);
  AppendText(&wanted, selection.filter_text);
  AppendInt64(&wanted, selection.start_us);
  AppendInt64(&wanted, selection.end_us);
  AppendUint32(&wanted, selection.final_only ? 1 : 0);
  absl::MutexLock lock(&mutex_);
  for (auto it = readers_.begin(); it != readers_.end();) {
    it = it->second.expired() ? readers_.erase(it) : std::next(it);
  }
  std::weak_ptr<FeedReader>& known = readers_[Key(store, std::move(wanted))];
  std::shared_ptr<FeedReader> reader = known.lock();
  if (reader == nullptr) {
    reader = std::make_shared<FeedReader>(std::move(selection));
    known = reader;
  }
  return reader;
}

}  // namespace windrow::query
