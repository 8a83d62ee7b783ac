package windrow.peers.streams;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorNode;

/** A processor that forwards when a commit begins, and at no other time. */
abstract class CommitProcessor<KInT, VInT, KOutT, VOutT>
    implements Processor<KInT, VInT, KOutT, VOutT> {
  private final String hook;
  private ProcessorContext<KOutT, VOutT> context;

  CommitProcessor(String hook) {
    this.hook = hook;
  }

  @Override
  public void init(ProcessorContext<KOutT, VOutT> context) {
    this.context = context;
    InternalProcessorContext<?, ?> internal = (InternalProcessorContext<?, ?>) context;
    // Between records no processor is the current one, but forwarding starts at it.
    ProcessorNode<?, ?, ?, ?> node = internal.currentNode();
    CommitHook store = context.getStateStore(hook);
    store.beforeCommit(
        () -> {
          ProcessorNode<?, ?, ?, ?> before = internal.currentNode();
          internal.setCurrentNode(node);
          try {
            writeOut();
          } finally {
            internal.setCurrentNode(before);
          }
        });
  }

  abstract void writeOut();

  final void forward(KOutT key, VOutT value) {
    context.forward(new Record<>(key, value, context.currentSystemTimeMs()));
  }
}
