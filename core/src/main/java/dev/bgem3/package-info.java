/** The library's front door. */
package dev.bgem3;
