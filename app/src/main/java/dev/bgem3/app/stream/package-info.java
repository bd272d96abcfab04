/** Bytes in and out: lines of text, and a file that appears only when it is complete. */
package dev.bgem3.app.stream;
