-- numerals: whole numbers as text and back, each converted once in a call of a script. A conversion costs as much as a
-- Redis call, a look-up a tenth of it.

local numerals = setmetatable({}, {
  __index = function(known, number)
    known[number] = tostring(number)
    return known[number]
  end,
})

local numberOf = setmetatable({}, {
  __index = function(known, text)
    local number = tonumber(text)
    known[text] = number
    numerals[number] = text
    return number
  end,
})
