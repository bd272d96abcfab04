package dev.bgem3.app.handler;

import dev.bgem3.PackedWeights;
import dev.bgem3.Precision;
import dev.bgem3.app.stream.Streams;
import dev.bgem3.convert.ModelConverter;
import dev.bgem3.error.BackendException;
import dev.bgem3.error.MissingModuleException;
import java.nio.file.Path;
import java.util.List;

/** Writes packed weights into a model folder. */
public final class PackHandler {
    private final Streams streams;
    private final List<Precision> precisions;
    private final boolean all;

    /**
     * Creates a handler, and checks whether this machine can pack the weights before a model is converted.
     *
     * @param asked
     *            the precisions to pack; if empty, all that this machine can compute
     * @throws BackendException
     *             if this machine cannot compute one of them
     */
    public PackHandler(Streams streams, List<Precision> asked) {
        this.streams = streams;
        all = asked.isEmpty();
        precisions = all ? PackedWeights.PRECISIONS : asked;
        for (Precision precision : precisions) {
            try {
                PackedWeights.checkKernels(precision);
            } catch (MissingModuleException curable) {
                throw curable;
            } catch (BackendException e) {
                if (!all) {
                    throw e;
                }
            }
        }
    }

    /** Packs a model and reports the files written. */
    public void run(Path folder) {
        for (Precision precision : precisions) {
            try (WriteProgress progress = new WriteProgress(streams)) {
                Path file = PackedWeights.write(folder, precision, progress);
                streams.say("packed for " + precision.label() + ": " + file);
            } catch (BackendException e) {
                if (!all) {
                    throw e;
                }
                streams.say("not packed for " + precision.label() + ": " + e.getMessage());
            }
        }
    }
}
