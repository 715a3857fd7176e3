import express from 'express';
import { noop } from './noop.ts';
import { readArgs, serve } from './program.ts';

/** The limit of a thin API on plain Express. */
readArgs();
serve(noop(express()));
