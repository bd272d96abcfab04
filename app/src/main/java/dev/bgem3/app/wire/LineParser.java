package dev.bgem3.app.wire;

import dev.bgem3.app.stream.LineFaultException;

/** Parses one line of the input. */
@FunctionalInterface
public interface LineParser<T> {
    /**
     * Parses a line.
     *
     * @param line
     *            the line without its terminator
     * @param index
     *            its number in the input from 0, which is the id if the line has none
     * @param place
     *            its name in messages: {@code standard input, line 1}
     * @return the parsed line, or null if it is blank and the format has no blank lines
     * @throws LineFaultException
     *             if the line is invalid
     */
    T parse(String line, long index, String place) throws LineFaultException;
}
