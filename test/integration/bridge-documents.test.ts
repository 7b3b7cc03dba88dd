/** Retained documents across a link that is cut, between two mosquitto brokers. */
import { documentsOfAnEdgeSite } from '../kit/bridge-documents-suite.ts';

documentsOfAnEdgeSite('mosquitto');
