-- numerals: whole numbers as text. Lua formats a number each time it becomes a string, which costs as much as a Redis
-- call.

local textOfNumber = {}
local function numeral(number)
  local text = textOfNumber[number]
  if not text then
    text = tostring(number)
    textOfNumber[number] = text
  end
  return text
end
