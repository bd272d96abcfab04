package dev.bgem3.app.serve;

import dev.bgem3.Device;
import dev.bgem3.QueueState;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import java.util.List;
import java.util.function.Supplier;

/**
 * Checks the number of texts in a request, and reports those that were truncated.
 *
 * @param options
 *            the server's limits
 * @param queue
 *            supplies the current state of the queue
 */
record Admission(ServeOptions options, Supplier<QueueState> queue) {
    /** Rejects a request without texts, or with too many. */
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

    /** Rejects a request before its texts are tokenized if the queue would reject it afterwards. */
    void rejectOverload(int count) {
        int free = queue.get().freePermits();
        if (count > free && count <= options.maxConcurrentRequests()) {
            throw new RefusedException(Refusal.Kind.OVERLOADED,
                    "Model is overloaded: " + count + " texts, room for " + free
                            + " of " + options.maxConcurrentRequests() + " (--max-concurrent-requests)");
        }
    }

    /** Names the truncated texts in a header, since not all response formats have a field for them. */
    static void reportTruncated(Exchange exchange, List<String> truncated) {
        if (!truncated.isEmpty()) {
            exchange.header("x-truncated-inputs", String.join(",", truncated));
        }
    }

    /** Returns the value of text-embeddings-inference's header {@code x-compute-type}. */
    static String computeType(List<Device> devices) {
        return devices.contains(Device.CPU) ? "cpu" : "gpu";
    }
}
