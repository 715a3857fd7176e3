-- sha256: the hash of FIPS 180-4 of just 64 bytes, for a chain of hashes. Included, never run alone. Redis itself has
-- only SHA-1.

local ROUND_CONSTANTS = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

local function compress(state, words)
  local band, bnot, bxor, ror, rshift, tobit = bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit
  for i = 17, 64 do
    local x, y = words[i - 15], words[i - 2]
    local small0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
    local small1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    words[i] = tobit(words[i - 16] + small0 + words[i - 7] + small1)
  end
  local a, b, c, d, e, f, g, h = unpack(state)
  for i = 1, 64 do
    local choose = bxor(band(e, f), band(bnot(e), g))
    local t1 = h + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + choose + ROUND_CONSTANTS[i] + words[i]
    local majority = bxor(band(a, b), band(a, c), band(b, c))
    local t2 = bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + majority
    h, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + t2)
  end
  local after = { a, b, c, d, e, f, g, h }
  for i = 1, 8 do state[i] = tobit(state[i] + after[i]) end
end

-- The hash of 64 bytes, both as hexadecimal digits.
local function sha256OfBlock(hex)
  local state =
    { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 }
  local words, padding = {}, { 0x80000000 }
  for i = 1, 16 do words[i] = bit.tobit(tonumber(string.sub(hex, i * 8 - 7, i * 8), 16)) end
  for i = 2, 15 do padding[i] = 0 end
  padding[16] = 512 -- bits of the message
  compress(state, words)
  compress(state, padding)
  for i = 1, 8 do state[i] = bit.tohex(state[i]) end
  return table.concat(state)
end
