/** 96 bits, as three integers of 32. */
export type Hash96 = readonly [number, number, number];

/**
 * A hash of a text, long enough to stand for it: among a hundred million texts
 * two that differ share one by a chance of 1 in 10^13. It is made for chance, not
 * against an attacker.
 */
export function hash96(text: string): Hash96 {
  let [a, b, c] = [0x6a09e667, 0xbb67ae85 | 0, 0x3c6ef372];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each lane takes up what another has: lanes by themselves share low bits.
    const first = a;
    a = b ^ Math.imul(a ^ unit, 0x85ebca6b);
    b = c ^ Math.imul(rotated(b) ^ unit, 0xc2b2ae35);
    c = first ^ Math.imul(rotated(c) ^ unit, 0x27d4eb2f);
  }
  a = mixed(a ^ text.length);
  b = mixed(b ^ a);
  c = mixed(c ^ b);
  return [mixed(a ^ c), b, c];
}

function rotated(bits: number): number {
  return bits << 15 | bits >>> 17;
}

/** Murmur3's last step, which spreads each bit over all. */
function mixed(bits: number): number {
  bits = Math.imul(bits ^ bits >>> 16, 0x85ebca6b);
  bits = Math.imul(bits ^ bits >>> 13, 0xc2b2ae35);
  return bits ^ bits >>> 16;
}
