#include "services/aggregator/core/snapshot_value.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace windrow::aggregator {
namespace {

class ValueImage : public RowImage {
 public:
  explicit ValueImage(ViewSnapshot value) : value_(std::move(value)) {}

  const std::string* NextCell(DeltaCell* cell) override {
    if (next_cell_ == value_.cells.cells.size()) return nullptr;
    *cell = value_.cells.cells[next_cell_++];
    return &value_.cells.groups[cell->group];
  }

  bool NextRevision(RowRevision* revision) override {
    if (next_revision_ == value_.revisions.size()) return false;
    *revision = value_.revisions[next_revision_++];
    return true;
  }

 private:
  const ViewSnapshot value_;
  size_t next_cell_ = 0;
  size_t next_revision_ = 0;
};

}  // namespace

MergeSnapshot ValueOf(MergeImage image) {
  MergeSnapshot snapshot;
  snapshot.progress = std::move(image.progress);
  for (size_t i = 0; i < image.views.size(); ++i) {
    ViewSnapshot& view = snapshot.views.emplace_back();
    view.cells.view = static_cast<int>(i);
    view.cells.late = std::move(image.views[i].late);
    absl::flat_hash_map<uint32_t, uint32_t> index_by_group;
    DeltaCell cell;
    while (const std::string* key = image.views[i].rows->NextCell(&cell)) {
      const auto inserted = index_by_group.try_emplace(cell.group, view.cells.groups.size());
      if (inserted.second) view.cells.groups.push_back(*key);
      cell.group = inserted.first->second;
      view.cells.cells.push_back(std::move(cell));
      cell = DeltaCell();
    }
    RowRevision revision;
    while (image.views[i].rows->NextRevision(&revision)) view.revisions.push_back(revision);
  }
  return snapshot;
}

MergeImage ImageOf(const MergeSnapshot& snapshot) {
  MergeImage image;
  image.progress = snapshot.progress;
  for (const ViewSnapshot& view : snapshot.views) {
    image.views.push_back({std::make_unique<ValueImage>(view), view.cells.late});
  }
  return image;
}

}  // namespace windrow::aggregator
