package dev.bgem3.app.serve;

import dev.bgem3.Device;
import dev.bgem3.QueueState;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import java.util.List;
import java.util.function.Supplier;

/**
 * How many texts a request may bring, and what it is told of those that were cut.
 *
 * @param options
 *            the server's limits
 * @param queue
 *            what waits at this moment
 */
record Admission(ServeOptions options, Supplier<QueueState> queue) {
    /** Refuses a request of no text, or of too many. */
    void countWithin(String field, int count) {
        if (count == 0) {
            throw new InvalidRequestException(Fault.EMPTY, field + ": empty (expected: at least one text)");
        }
        if (count > options.maxClientBatchSize()) {
            throw new InvalidRequestException(Fault.VALIDATION, field + ": batch size " + count
                    + " > maximum allowed batch size " + options.maxClientBatchSize()
                    + " (--max-client-batch-size)");
        }
    }

    /** Refuses at once, before any work, what the queue would refuse after its tokens are counted. */
    void refuseOverload(int count) {
        int free = queue.get().freePermits();
        if (count > free && count <= options.maxConcurrentRequests()) {
            throw new RefusedException(Refusal.Kind.OVERLOADED,
                    "Model is overloaded: " + count + " texts, room for " + free
                            + " of " + options.maxConcurrentRequests() + " (--max-concurrent-requests)");
        }
    }

    /** Shapes that have no room for it get it as a header: nothing is cut in silence. */
    static void sayWhatWasCut(Exchange exchange, List<String> truncated) {
        if (!truncated.isEmpty()) {
            exchange.header("x-truncated-inputs", String.join(",", truncated));
        }
    }

    /** As text-embeddings-inference has it in a header. */
    static String computeType(List<Device> devices) {
        return devices.contains(Device.CPU) ? "cpu" : "gpu";
    }
}
