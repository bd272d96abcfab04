package dev.bgem3.app.wire;

import dev.bgem3.app.stream.LineFaultException;

/** Reads one line of the input. */
@FunctionalInterface
public interface LineParser<T> {
    /**
     * What the line says.
     *
     * @param line
     *            the line without its end
     * @param index
     *            its number in the input from 0, the id of a line that gives none
     * @param place
     *            what messages call it: {@code standard input, line 1}
     * @throws LineFaultException
     *             where the line is not as it should be
     */
    T parse(String line, long index, String place) throws LineFaultException;
}
