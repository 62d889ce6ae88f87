// Puts the views onto the page and begins to listen.

import { connect } from "./connection.js";
import { startKeys } from "./keys.js";
import { startTheme } from "./theme.js";
import { mountBar } from "./views/bar.js";
import { mountDock } from "./views/dock.js";
import { mountFigures } from "./views/figures.js";
import { mountLayers } from "./views/layers.js";
import { mountProperties } from "./views/properties.js";
import { mountSignIn } from "./views/sign-in.js";
import { mountStage } from "./views/stage.js";

startTheme();
mountBar();
mountStage();
mountFigures();
mountLayers();
mountProperties();
mountDock();
mountSignIn();
startKeys();
connect();
