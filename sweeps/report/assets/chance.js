/* Chance that can be repeated: the same seed, the same order. And what chance alone does to a share. */

/** A number of 32 bits out of a text: FNV-1a, then well mixed. */
function hashed(text) {
  let found = 0x811c9dc5;
  for (const sign of new TextEncoder().encode(text)) found = Math.imul(found ^ sign, 0x01000193);
  found = Math.imul(found ^ (found >>> 16), 0x85ebca6b);
  found = Math.imul(found ^ (found >>> 13), 0xc2b2ae35);
  return (found ^ (found >>> 16)) >>> 0;
}

/** A list in an order that only the seed decides: by the hash of each entry's name under it. */
const shuffled = (list, nameOf, seed) => list.map((one) => [hashed(`${seed}\n${nameOf(one)}`), one])
  .sort(([one], [two]) => one - two).map(([, one]) => one);

/** Sixteen digits that no other round has. */
function newRound() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
}

/** The 95 % interval of a share by Wilson (1927); [null, null] of nothing. */
function wilson(count, n) {
  if (!n) return [null, null];
  const z = 1.959963984540054, share = count / n, wide = 1 + (z * z) / n;
  const middle = (share + (z * z) / (2 * n)) / wide;
  const half = (z / wide) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
