/** The JSON of the command line, one object a line: what comes in and what goes out. */
package dev.bgem3.app.wire;
