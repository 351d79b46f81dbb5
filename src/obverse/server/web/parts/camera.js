// The live camera: a full screen with an outline of the coin found, and one big button.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { t, told } from "../i18n.js";
import { ONE, TRAY, draw, outline } from "../photos.js";
import { ask, button, fail, speak, toast } from "../ui.js";
import { Aim } from "./aim.js";

// Longest side of the frames that are looked at, and the least time from one to the next.
const FRAME = 640;
const PAUSE_MS = 180;
const BACK_OFF_MS = 1500;

// Browsers give the camera to pages of https and of this machine only.
export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

// One photo per entry of `labels`, or undefined if it was closed before the last.
export async function takePhotos(labels, { tray = false } = {}) {
  let stream;
  try {
    stream = await open("environment");
  } catch (error) {
    toast(told("camera", error.name, t("camera.failed")), { kind: "bad" });
    return undefined;
  }
  const shots = [];
  const camera = new Camera(stream, tray);
  const taken = await ask(
    labels[0],
    (close) => {
      const heading = () => camera.view.closest("dialog").querySelector("h2");
      camera.shoot = async () => {
        shots.push(await camera.still());
        if (shots.length === labels.length) return close(shots);
        heading().textContent = labels[shots.length];
        speak(labels[shots.length]);
        return camera.flash();
      };
      return camera.view;
    },
    { kind: "camera" },
  );
  camera.stop();
  return taken;
}

const open = (facing) =>
  navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: facing }, width: { ideal: 1920 }, height: { ideal: 1440 } },
  });

class Camera {
  shoot = () => {};
  #facing = "environment";
  #going = true;
  #said = "";
  #aborter = new AbortController();

  constructor(stream, tray) {
    this.stream = stream;
    this.longest = tray ? TRAY : ONE;
    this.aim = new Aim();
    this.video = h("video", {
      autoplay: true,
      playsinline: true,
      muted: true,
      "aria-label": t("camera.view"),
    });
    this.video.muted = true;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.hint = h("p", { class: "camera-hint" }, t("camera.starting"));
    this.shutter = button("", () => this.shoot(), {
      kind: "shutter",
      label: t("camera.take"),
      autofocus: true,
    });
    this.frame = h("div", { class: "camera-frame" }, this.video, this.canvas);
    this.extras = h("div", { class: "camera-extras" });
    this.view = h(
      "div",
      { class: "camera-body" },
      this.frame,
      this.hint,
      h("div", { class: "camera-bar" }, this.extras, this.shutter, h("span")),
    );
    this.#attach();
    if (tray) this.hint.textContent = t("camera.tray");
    else this.#look();
  }

  #attach() {
    this.video.srcObject = this.stream;
    this.video.addEventListener("loadedmetadata", () => {
      this.frame.style.setProperty(
        "aspect-ratio",
        `${this.video.videoWidth} / ${this.video.videoHeight}`,
      );
      this.frame.style.setProperty("--ratio", this.video.videoWidth / this.video.videoHeight);
    });
    this.#controls();
  }

  async #controls() {
    const [track] = this.stream.getVideoTracks();
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(
      (d) => d.kind === "videoinput",
    );
    const torch = track.getCapabilities?.().torch;
    replace(
      this.extras,
      torch &&
        button("", (event) => this.#torch(track, event.currentTarget), {
          name: "torch",
          kind: "round",
          label: t("camera.torch"),
          "aria-pressed": "false",
        }),
      cameras.length > 1 &&
        button("", () => this.#turn(), { name: "flip", kind: "round", label: t("camera.turn") }),
    );
  }

  async #torch(track, control) {
    const on = control.getAttribute("aria-pressed") !== "true";
    await track.applyConstraints({ advanced: [{ torch: on }] }).catch(fail);
    control.setAttribute("aria-pressed", on);
  }

  async #turn() {
    this.#facing = this.#facing === "environment" ? "user" : "environment";
    for (const track of this.stream.getTracks()) track.stop();
    try {
      this.stream = await open(this.#facing);
      this.#attach();
    } catch (error) {
      fail(error);
    }
  }

  async #look() {
    while (this.#going) {
      const began = performance.now();
      let pause = PAUSE_MS;
      if (this.video.videoWidth) {
        try {
          const frame = await draw(this.video, FRAME, { quality: 0.7 });
          const scale = Math.min(
            1,
            FRAME / Math.max(this.video.videoWidth, this.video.videoHeight),
          );
          const found = await api.find(frame, this.#aborter.signal);
          if (!this.#going) return;
          this.#show(
            this.aim.look(
              found.regions ?? found,
              this.video.videoWidth * scale,
              this.video.videoHeight * scale,
            ),
            scale,
          );
        } catch (error) {
          // The outline is a help, not a condition: the button works without it.
          if (error.name === "AbortError") return;
          this.#say(error.status === 401 ? "" : "offline");
          pause = BACK_OFF_MS;
        }
      }
      await new Promise((wake) => {
        setTimeout(wake, Math.max(0, pause - (performance.now() - began)));
      });
    }
  }

  #show({ region, hint }, scale) {
    const { canvas, video } = this;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    this.view.dataset.aim = hint;
    this.#say(hint);
    if (!region) return;
    const pen = canvas.getContext("2d");
    pen.lineWidth = Math.max(canvas.width, canvas.height) / 160;
    pen.lineJoin = "round";
    pen.strokeStyle = getComputedStyle(this.view).getPropertyValue(
      hint === "ready" ? "--found" : "--seen",
    );
    pen.beginPath();
    for (const [x, y] of outline(region)) pen.lineTo(x / scale, y / scale);
    pen.closePath();
    pen.stroke();
  }

  // Said only when it changes, and not on every wobble of the hand.
  #say(hint) {
    if (hint === this.#said) return;
    this.#said = hint;
    this.hint.textContent = hint ? t(`aim.${hint}`) : "";
    if (hint === "ready" || hint === "none") speak(this.hint.textContent);
  }

  async still() {
    const blob = await draw(this.video, this.longest);
    return new File([blob], "camera.jpg", { type: "image/jpeg" });
  }

  flash() {
    this.view.classList.remove("flash");
    requestAnimationFrame(() => this.view.classList.add("flash"));
  }

  stop() {
    this.#going = false;
    this.#aborter.abort();
    for (const track of this.stream.getTracks()) track.stop();
  }
}
