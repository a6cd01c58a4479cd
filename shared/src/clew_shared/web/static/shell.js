// What every staff page does: theme, fresh times, live events, toasts, palette and keys. It only wires the parts together.
import { wireConnection } from "clew/live.js";
import { wireKeys } from "clew/keys.js";
import { wirePalette } from "clew/palette.js";
import { wireTheme } from "clew/theme.js";
import { keepTimesFresh } from "clew/times.js";
import { greetDone } from "clew/toast.js";

wireTheme();
wirePalette();
wireKeys();
wireConnection();
keepTimesFresh();
greetDone();
